// HeardLabels: which labels a window's scores say are there.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nn/model/Model.h"

namespace earshot {

/// From which score on a label is there, one a label: what the model stores, else 0.5.
std::vector<float> heard_thresholds(const Model& model);
/// Whether no label but the highest can be there: of a softmax without stored thresholds.
bool hears_highest_only(const Model& model);

/// A label is heard if its score is at or above its threshold and no kind of it is heard as well: "Bark" instead of
/// "Dog" and "Animal". By heard_thresholds() and hears_highest_only().
/// Immutable: any number of threads may use one.
class HeardLabels {
 public:
  explicit HeardLabels(const Model& model);

  /// real-time: into `heard`, which has room for one a label; how many. The surest first, the earlier of equals.
  /// `scores`: one a label.
  std::size_t find(std::span<const float> scores, std::span<std::size_t> heard) const noexcept;
  std::size_t labels() const noexcept { return thresholds_.size(); }

 private:
  std::vector<float> thresholds_;
  std::vector<std::vector<std::size_t>> ancestors_;
  bool highest_only_ = false;
};

}  // namespace earshot
