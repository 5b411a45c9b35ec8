// ModelCheckpoint: says which epochs are the best so far, by Keras 3.5.0's rule (save_best_only): strictly
// lower.
#pragma once

#include <limits>

namespace earshot {

class ModelCheckpoint {
 public:
  explicit ModelCheckpoint(double best = std::numeric_limits<double>::infinity()) : best_(best) {}

  /// True if this epoch's model is to be saved. NaN is never better.
  bool epoch_ended(double loss) noexcept {
    if (!(loss < best_)) return false;
    best_ = loss;
    return true;
  }

  double best() const noexcept { return best_; }

 private:
  double best_;
};

}  // namespace earshot
