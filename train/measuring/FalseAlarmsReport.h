// FalseAlarmsReport: what `trainer false-alarms` found, for people and programs.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nn/model/Model.h"
#include "train/measuring/FalseAlarms.h"
#include "train/measuring/RaisedThresholds.h"

namespace earshot {

struct FalseAlarmsReport {
  /// What --set did.
  struct Raising {
    double wanted_per_hour = 0.0;
    std::filesystem::path out;
    RaisedThresholds thresholds;
    FalseAlarms after;
  };

  const Model& model;              ///< as it was measured
  std::vector<std::string> names;  ///< of the recordings, below their folder
  std::size_t left_out = 0;        ///< that could not be read
  FalseAlarms alarms;
  std::optional<Raising> raising;
};

std::string false_alarms_text(const FalseAlarmsReport& report);
/// {hours, recordings, left_out, events, per_hour, low, high, unseen_per_hour, silent_labels, labels [{label, events,
/// hours, per_hour, low, high, peak, file, time_s}]}, and of --set `set` {wanted_per_hour, out, raised [{label, before,
/// after, per_hour_before, per_hour_after}], unreachable [{label, per_hour}]}
std::string false_alarms_json(const FalseAlarmsReport& report);

}  // namespace earshot
