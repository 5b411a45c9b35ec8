// FusedLayers: an architecture and its weights as inference sees them: BatchNorm folded, Dropout gone,
// activations with the layer they follow.
#pragma once

#include <optional>
#include <vector>

#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"

namespace earshot {

/// Leaky: x or slope x.
struct FusedActivation {
  enum class Function { leaky, swish, sigmoid };
  Function function = Function::leaky;
  float slope = 0.0F;
  bool operator==(const FusedActivation&) const = default;
};

struct FusedLayer {
  enum class Kind {
    convolution,  ///< weights (out, in, size, size)
    depthwise,    ///< weights (channels, size, size)
    dense,        ///< weights (out, in)
    max_pool,     ///< size x size windows side by side
    average_pool,
    activation,  ///< one that follows no layer with weights
    flatten,
    add,
    multiply,  ///< the second input may be 1 x 1 x C
  };
  /// What the features are called in `inputs`.
  static constexpr int kFeatures = -1;

  Kind kind{};
  std::vector<int> inputs;  ///< earlier fused layers, or kFeatures
  FeatureShape input;       ///< of the first input, unpadded
  FeatureShape output;
  int size = 0;  ///< of the kernel or the pooling window
  int stride = 1;
  int pad_top = 0;
  int pad_bottom = 0;
  int pad_left = 0;
  int pad_right = 0;
  std::vector<float> weights{};
  std::vector<float> bias{};  ///< one an output channel; empty if there is none
  /// One an output channel, if the weights are whole numbers of 16 bits times these, but for a float's rounding: of
  /// kernels that were stored so (SixteenBits). Else empty.
  std::vector<double> steps{};
  std::optional<FusedActivation> activation{};

  bool has_weights() const { return !weights.empty(); }
};

/// Throws Error(bad_data) if weights and architecture do not fit. What scales channels and
/// follows no linear layer becomes a depthwise 1x1 convolution, and so does padding.
std::vector<FusedLayer> fuse(const Architecture& architecture, const Weights& weights);

}  // namespace earshot
