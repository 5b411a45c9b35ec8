// InferencePlan: a fused network as a chain of primitives. Activations lie in a few buffers that they share,
// in the layouts that the convolutions choose.
#pragma once

#include <memory>

#include "nn/inference/PreparedNetwork.h"

namespace earshot {

/// Not thread safe; several plans may share a network.
class InferencePlan {
 public:
  /// `network` outlives it. `threads` are those of oneDNN when it is made and whenever run() runs. Throws
  /// dnnl::error for what oneDNN cannot make, Error(software) if it refuses to lay out weights.
  InferencePlan(const PreparedNetwork& network, int threads);
  ~InferencePlan();

  /// real-time: but for what oneDNN itself does. `features` of `input`, height x width x channels -> logits,
  /// one a class, valid until the next call; null if oneDNN refused.
  const float* run(const float* features) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
