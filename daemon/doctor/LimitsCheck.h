// check_limits: whether memory and descriptors are about to run out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

struct LimitFacts {
  std::optional<std::uint64_t> free_bytes;  ///< memory that programs can still have
  std::uint64_t descriptors = 0;            ///< that the daemon has open; 0: not known
  std::uint64_t most_descriptors = 0;
};

/// In bytes, of /proc/meminfo.
std::optional<std::uint64_t> available_memory(std::string_view meminfo);
Findings limit_findings(const LimitFacts& facts);
Findings check_limits(const Patient& patient);

}  // namespace earshot
