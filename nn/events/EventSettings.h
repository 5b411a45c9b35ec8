// EventSettings: what the table [events] says, before a model is known.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsp/base/StrictToml.h"
#include "nn/events/LocalHours.h"

namespace earshot {

/// Labels that somebody named, and where: "FILE:LINE: key 'events.ignore'".
struct NamedLabels {
  std::vector<std::string> names;
  std::string place;
};

struct EventThreshold {
  std::string label;
  double threshold = 0.5;
  std::string place;
};

/// Any of its labels is one event of its name.
struct EventGroup {
  std::string name;
  std::string name_place;
  NamedLabels labels;
};

/// Loud, whatever it is.
struct EventLevel {
  std::string name;
  std::string name_place;
  double above_dbfs = 0.0;
};

struct EventSettings {
  std::optional<NamedLabels> labels;  ///< just these; nothing: all but what the model marks as ambience
  NamedLabels ignore;
  int on_windows = 2;
  int of_windows = 3;
  double off_s = 2.0;
  double min_s = 0.0;
  double max_s = 300.0;
  double cooldown_s = 0.0;
  LocalHours hours;  ///< events begin within them only
  std::vector<EventThreshold> thresholds;
  std::vector<EventGroup> groups;
  std::vector<EventLevel> levels;
};

inline constexpr int kMostEventWindows = 64;

/// Throws Error(config) naming file, line and key for an unknown key, a wrong type, a value out of range, a name that a
/// log's line must not hold or that stands twice. Whether the labels are a model's is for event_rules() to say.
EventSettings read_event_settings(StrictToml& table);

}  // namespace earshot
