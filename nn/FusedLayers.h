// FusedLayers: an architecture and its weights as inference sees them: BatchNorm folded, Dropout gone,
// activations with the layer they follow.
#pragma once

#include <optional>
#include <vector>

#include "nn/Architecture.h"
#include "nn/Weights.h"

namespace earshot {

struct FusedLayer {
  enum class Kind {
    convolution,  ///< 'same', weights (out, in, size, size)
    depthwise,    ///< 'same', weights (channels, size, size)
    dense,        ///< weights (out, in)
    max_pool,     ///< size x size windows side by side
    average_pool,
    leaky_relu,  ///< one that follows no layer with weights
  };
  Kind kind{};
  FeatureShape input;
  FeatureShape output;
  int size = 0;  ///< of the kernel or the pooling window
  std::vector<float> weights{};
  std::vector<float> bias{};     ///< one an output channel; empty if there is none
  std::optional<float> slope{};  ///< of the LeakyReLU after it

  bool has_weights() const { return !weights.empty(); }
};

/// Throws Error(bad_data) if weights and architecture do not fit. A BatchNorm that follows no linear layer
/// becomes a depthwise 1x1 convolution.
std::vector<FusedLayer> fuse(const Architecture& architecture, const Weights& weights);

}  // namespace earshot
