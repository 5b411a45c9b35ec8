// check_level: whether anything is heard: what a running daemon says, else two seconds recorded.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

/// Of one source; `level_dbfs` is as level_dbfs() has it. `clips`: whole stretches are at full scale.
Finding level_finding(const std::string& source, double level_dbfs, double gate_dbfs, bool clips);
/// By a heartbeat.
Findings heard_findings(const DaemonWord& word, const Config& config);
/// Of samples at full scale 1: whether a thousandth of them and more are at it.
bool is_clipped(std::span<const float> samples) noexcept;

Findings check_level(const Patient& patient);

}  // namespace earshot
