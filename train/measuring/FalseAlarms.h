// FalseAlarms: events an hour over recordings of anything else, overall and by label.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nn/events/EventRules.h"
#include "train/measuring/EventRate.h"
#include "train/measuring/HeardRecording.h"

namespace earshot {

struct LabelAlarms {
  std::size_t label = 0;
  EventRate rate;  ///< over the recordings that do not hold it
  float peak = 0.0F;
  std::size_t recording = 0;       ///< where the surest is, the first of equals
  std::uint64_t start_sample = 0;  ///< and where it begins there
};

struct FalseAlarms {
  EventRate rate;
  std::vector<LabelAlarms> labels;  ///< that had an event, the most events first
  std::size_t silent = 0;           ///< labels that could have had one
};

/// Over the recordings that do not hold the label.
double hours_without(std::size_t label, std::span<const HeardRecording> recordings, int rate_hz);

/// By rules of label tracks only; a window was heard at least. `threads` (0: all cores) change nothing of it.
FalseAlarms count_false_alarms(std::span<const HeardRecording> recordings, const EventRules& rules, unsigned threads);

}  // namespace earshot
