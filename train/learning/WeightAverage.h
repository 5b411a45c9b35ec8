// WeightAverage: the running average of a network's weights over its steps, which generalises better than the
// last.
#pragma once

#include <cstdint>

#include "nn/model/Weights.h"

namespace earshot {

/// Exponential, running statistics included (Tarvainen, Valpola 2017, section 2). With t updates done before:
/// average += (weights - average)(1 - d), d = min(decay, (1 + t) / (10 + t)), so that it forgets the first
/// weights soon (as TensorFlow's ExponentialMovingAverage with num_updates).
class WeightAverage {
 public:
  explicit WeightAverage(double decay) : decay_(decay) {}

  /// `weights` are of the same tensors each time; the average of `updates` earlier steps is in `average`,
  /// which may be empty for none.
  void update(const Weights& weights, std::uint64_t updates, Weights& average) const;

 private:
  double decay_;
};

}  // namespace earshot
