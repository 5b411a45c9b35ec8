// MemoryShare: how much of the machine's memory a data set may take before it streams from where it is kept.
#pragma once

#include <unistd.h>

#include <cstddef>

namespace earshot {

/// A quarter of the memory that is fitted; 2 GiB if the system does not say.
inline std::size_t memory_share() noexcept {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return std::size_t{1} << 31;
  return static_cast<std::size_t>(pages) / 4 * static_cast<std::size_t>(page_bytes);
}

}  // namespace earshot
