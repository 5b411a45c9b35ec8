// check_clock: whether the times that are published can be right.
#pragma once

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

/// `synchronised`: the kernel says so.
Finding clock_finding(int year, bool synchronised);
Findings check_clock(const Patient& patient);

}  // namespace earshot
