// Architecture: a network as data, a list of named layers. Keras' layer semantics and tensor layouts throughout.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "dsp/FeatureRecipe.h"

namespace earshot {

/// Stride 1, 'same' padding, with bias. Kernel (kernel, kernel, C_in, filters).
struct Conv2d {
  int filters = 0;
  int kernel = 3;
  bool operator==(const Conv2d&) const = default;
};
/// Depthwise kernel (kernel, kernel, C_in, 1), then pointwise (1, 1, C_in, filters), then one bias; nothing between.
struct SeparableConv2d {
  int filters = 0;
  int kernel = 3;
  bool operator==(const SeparableConv2d&) const = default;
};
/// Over the channels (the last axis). moving = momentum moving + (1 - momentum) batch, biased variance.
struct BatchNorm {
  float momentum = 0.99F;
  float epsilon = 1e-3F;
  bool operator==(const BatchNorm&) const = default;
};
struct LeakyRelu {
  float slope = 0.1F;
  bool operator==(const LeakyRelu&) const = default;
};
/// size x size windows side by side, 'valid'.
struct MaxPool2d {
  int size = 2;
  bool operator==(const MaxPool2d&) const = default;
};
/// Inverted: kept values are scaled by 1 / (1 - rate). Identity at inference.
struct Dropout {
  float rate = 0.0F;
  bool operator==(const Dropout&) const = default;
};
struct GlobalAveragePool2d {
  bool operator==(const GlobalAveragePool2d&) const = default;
};
/// Kernel (inputs, units), bias (units). The loss gains l2 * sum(kernel^2).
struct Dense {
  int units = 0;
  float l2 = 0.0F;
  bool operator==(const Dense&) const = default;
};

using LayerKind =
    std::variant<Conv2d, SeparableConv2d, BatchNorm, LeakyRelu, MaxPool2d, Dropout, GlobalAveragePool2d, Dense>;

/// `name` is unique within the network and prefixes its tensors: "conv2d_1" owns "conv2d_1/kernel", "conv2d_1/bias".
struct Layer {
  std::string name;
  LayerKind kind;
  bool operator==(const Layer&) const = default;
};

/// The last layer gives the logits; their softmax is the score.
struct Architecture {
  std::string name;
  FeatureShape input;
  std::vector<Layer> layers;
  bool operator==(const Architecture&) const = default;
};

/// The source's v6 (source-recipe: Keras Sequential, 212 714 parameters at 10 classes), layer names as Keras gives them.
Architecture v6_architecture(int classes);

/// One tensor that a network owns, in Keras' order: layer by layer, trainable first.
struct ParameterSpec {
  std::string name;                 ///< "<layer>/<kernel|bias|depthwise_kernel|pointwise_kernel|gamma|beta|moving_mean|moving_variance>"
  std::vector<std::int64_t> shape;  ///< Keras' shape
  bool trainable = true;            ///< false for running statistics
  float l2 = 0.0F;
  std::int64_t fan_in = 0;          ///< of Keras' GlorotUniform; 0 where the initial value is a constant
  std::int64_t fan_out = 0;
};

/// Height, width, channels after each layer (1, 1, n once flat). Throws Error(bad_data) naming the layer if shapes do
/// not fit, a size is out of range, or names are not unique; every size is bounded, so that a hostile model file cannot
/// ask for huge memory.
std::vector<FeatureShape> output_shapes(const Architecture& architecture);
std::vector<ParameterSpec> parameter_specs(const Architecture& architecture);
/// Logits of the last layer. Throws as output_shapes does.
int class_count(const Architecture& architecture);

}  // namespace earshot
