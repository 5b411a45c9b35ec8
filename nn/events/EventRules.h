// EventRules: what can be an event of one model, and when it begins and ends: settings with their names resolved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nn/events/EventSettings.h"
#include "nn/model/Model.h"

namespace earshot {

/// Something that has events of its own: one at a time for each source.
struct EventTrack {
  enum class Kind { label, group, level };
  Kind kind = Kind::label;
  std::string name;
  std::vector<std::size_t> labels = {};     ///< the label, or the group's
  double above_dbfs = 0.0;                  ///< of a level
  std::vector<std::size_t> ancestors = {};  ///< the tracks that this one is a kind of, each behind it in the list
};

/// Immutable: all sources share one. Times are samples at the model's rate.
struct EventRules {
  std::vector<EventTrack> tracks;
  std::vector<std::string> labels;  ///< the model's
  std::vector<float> thresholds;    ///< one a label: from here on a window has it
  std::vector<float> sure;          ///< one a label: from here on one window is enough; t + (1 - t) / 2
  bool highest_only = false;        ///< of a softmax without thresholds no window has any but the highest
  std::size_t on_windows = 0;
  std::size_t of_windows = 0;
  std::uint64_t off_samples = 0;
  std::uint64_t min_samples = 0;
  std::uint64_t max_samples = 0;
  std::uint64_t cooldown_samples = 0;
  LocalHours hours;  ///< that events begin in
  int rate_hz = 0;

  /// Of one label, with what is sure by it.
  void set_threshold(std::size_t label, float threshold);
};

/// Throws Error(config) naming the place and what was found: a label that the model lacks, with the nearest that it
/// has; a group or level that is called like a label.
EventRules event_rules(const EventSettings& settings, const Model& model);

/// Throws Error(config) if `named` has a name that no event will have, with the nearest that one may have.
void expect_events(const EventRules& rules, const NamedLabels& named);

}  // namespace earshot
