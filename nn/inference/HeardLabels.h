// HeardLabels: which labels a window's scores say are there.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nn/model/Model.h"

namespace earshot {

/// A label is heard if its score is at or above its threshold and no kind of it is heard as well: "Bark" instead of
/// "Dog" and "Animal". Without stored thresholds each is 0.5, and of a softmax the highest alone can be heard.
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
