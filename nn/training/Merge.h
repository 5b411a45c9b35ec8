// Merge: what takes two activations of a sample: their sum or their product, forward and backward.
#pragma once

#include "nn/kernels/ActivationShape.h"

namespace earshot {

/// Any thread may call it. Pointers are to one sample's activation of `shape`, laid out as ActivationShape
/// says; a gate holds a vector of channels, padded ones included.
class Merge {
 public:
  enum class Kind {
    add,
    multiply,
    gate,  ///< the second is 1 x 1 x C and scales each channel
  };

  Merge(Kind kind, const FeatureShape& shape) : kind_(kind), shape_(shape) {}

  void forward(const float* first, const float* second, float* output) const;
  /// Overwrites the gradients of the inputs, each unless it is null.
  void backward(const float* first, const float* second, const float* output_gradient, float* first_gradient,
                float* second_gradient) const;

 private:
  Kind kind_;
  ActivationShape shape_;
};

}  // namespace earshot
