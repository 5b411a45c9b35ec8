// check_config: whether there is a configuration, a good one, and the one that the daemon reads.
#pragma once

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

Findings check_config(const Patient& patient);

}  // namespace earshot
