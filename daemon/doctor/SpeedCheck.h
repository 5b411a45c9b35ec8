// check_speed: whether the machine keeps up.
#pragma once

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

struct Processors {
  unsigned count = 1;
  bool has_avx2 = true;  ///< or is none of x86
};
Findings speed_findings(const DaemonWord& word, const Processors& processors);
Findings check_speed(const Patient& patient);

}  // namespace earshot
