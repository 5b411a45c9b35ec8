// check_model: whether the model can be read, steps by the hop, and has the labels of the events.
#pragma once

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

Findings check_model(const Patient& patient);

}  // namespace earshot
