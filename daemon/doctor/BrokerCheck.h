// check_broker: whether the broker of [publish.mqtt] can be reached.
#pragma once

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

/// Connects, and says nothing.
Findings check_broker(const Patient& patient);

}  // namespace earshot
