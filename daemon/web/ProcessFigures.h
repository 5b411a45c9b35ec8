// ProcessFigures: what this process takes of the machine.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/hearing/BootClock.h"

namespace earshot {

/// Nothing where /proc does not tell.
struct ProcessFigures {
  double cpu_s = 0.0;  ///< user and system, of all threads; not of other processes that it runs
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> open_descriptors;
  std::uint64_t most_descriptors = 0;
  std::optional<BootClock::time_point> started;
};

/// As of now. Any thread.
ProcessFigures process_figures();

}  // namespace earshot
