// check_unit: whether systemd runs earshotd, and what it ended with.
#pragma once

#include <string>
#include <vector>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

/// `log` are its last lines; `daemon_runs`: one does, whoever started it.
Findings unit_findings(const ServiceUnit& unit, bool daemon_runs, const std::vector<std::string>& log);
Findings check_unit(const Patient& patient);

}  // namespace earshot
