// check_disk: whether the books can be kept where they are.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

struct DiskFacts {
  std::string folder;
  std::string refusal = {};  ///< why earshotd's user may not write there; empty if he may
  std::string user = {};
  std::uint64_t free_bytes = 0;
  bool read_only = false;
  std::string books = {};  ///< what is known of them
};
Finding disk_finding(const DiskFacts& facts);
Findings check_disk(const Patient& patient);

}  // namespace earshot
