// Checks: what `earshot doctor` looks at, in order: a line in Checks.cpp and a file for each.
#pragma once

#include <span>
#include <string_view>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"
#include "dsp/base/Error.h"

namespace earshot {

struct Check {
  std::string_view name;  ///< of at most 9 characters
  /// In a process of its own, with a limit of time, as the daemon's user where that is possible and asked
  /// for. What it throws is a failure.
  Findings (*run)(const Patient& patient);
  bool needs_config = true;
  bool as_account = false;                ///< what a driver or sound server says may depend on who asks
  ExitCode code = ExitCode::unavailable;  ///< if it fails
  std::string_view when_late = "see what hangs there: a disk of the network, a driver, a server";
};

std::span<const Check> all_checks();

}  // namespace earshot
