// SeparablePlan: runs a SeparableNetwork, several patches at once.
#pragma once

#include <cstddef>
#include <vector>

#include "nn/inference/SeparableNetwork.h"
#include "nn/kernels/Dnnl.h"

namespace earshot {

/// On the calling thread alone. Not thread safe; several plans may share a network.
class SeparablePlan {
 public:
  /// Patches that are computed together: the weights of the deep layers are read once for all of them.
  static constexpr std::size_t kMostPatches = 4;

  /// `network` outlives it.
  explicit SeparablePlan(const SeparableNetwork& network);

  /// real-time: features of 1 to kMostPatches patches, height x width x channels each -> a row of logits a patch,
  /// logits_stride() apart, valid until the next call. What a patch gives does not depend on the others.
  const float* run(const float* features, std::size_t patches) noexcept;
  std::size_t logits_stride() const noexcept;

 private:
  using Stage = SeparableNetwork::Stage;

  void run(const Stage& stage, const float* in, std::size_t patches, float* out) noexcept;

  const std::vector<Stage>& stages_;
  std::size_t together_from_;  ///< the first stage that takes all patches at once
  onednn::Buffer rows_;        ///< gathered
  onednn::Buffer activations_[2];
  onednn::Buffer together_;  ///< all patches' activations before that stage
};

}  // namespace earshot
