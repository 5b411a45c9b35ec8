// Parameter: one tensor that training changes, with its gradient.
#pragma once

#include <span>

#include "nn/model/Architecture.h"

namespace earshot {

/// In Keras' layout. The spans live as long as the network.
struct Parameter {
  const ParameterSpec* spec = nullptr;
  std::span<float> value;
  std::span<float> gradient;  ///< of the loss whose logit gradients backward() was given; without the L2 term
};

}  // namespace earshot
