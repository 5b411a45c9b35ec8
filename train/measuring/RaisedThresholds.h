// RaisedThresholds: thresholds at which no label has more false alarms than are wanted.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "nn/model/Model.h"
#include "train/measuring/HeardRecording.h"

namespace earshot {

struct RaisedThresholds {
  std::vector<float> thresholds;         ///< one a label: the model's, or higher
  std::vector<std::size_t> raised;       ///< labels, ascending
  std::vector<std::size_t> unreachable;  ///< labels that have more even at 1, ascending; theirs stay as they were
};

/// Of each label that has more than `per_hour` events an hour over `recordings` the lowest thousandth above its
/// threshold at which it has no more. A label's threshold changes when its ancestors' events begin and how its kinds'
/// are told, so that this goes on until it holds for all of them together. Of a model that does not hear its highest
/// label only. Thresholds only rise, and the result does not depend on `threads` (0: all cores). Once `stopped()` it
/// returns soon, with what is no result.
RaisedThresholds raise_thresholds(const Model& model, std::span<const HeardRecording> recordings, double per_hour,
                                  unsigned threads, const std::function<bool()>& stopped);

}  // namespace earshot
