// Architecture: a network as data, a list of named layers. Keras' layer semantics and tensor layouts
// throughout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

/// 'same': out = ceil(in / stride), the odd row or column of zeros at the bottom and right. 'valid': no
/// zeros.
enum class Padding { same, valid };

/// How a kernel starts: Keras' GlorotUniform, or VarianceScaling(2, fan_out, truncated normal) of its
/// EfficientNets.
enum class Initializer { glorot_uniform, he_fan_out };

/// Kernel (kernel, kernel, C_in, filters), bias (filters). The loss gains l2 * sum(kernel^2).
struct Conv2d {
  int filters = 0;
  int kernel = 3;
  int stride = 1;
  Padding padding = Padding::same;
  bool bias = true;
  float l2 = 0.0F;
  Initializer initializer = Initializer::glorot_uniform;
  bool operator==(const Conv2d&) const = default;
};
/// Depthwise kernel (kernel, kernel, C_in, 1), then pointwise (1, 1, C_in, filters), then one bias; nothing
/// between. 'same' padding.
struct SeparableConv2d {
  int filters = 0;
  int kernel = 3;
  int stride = 1;
  bool operator==(const SeparableConv2d&) const = default;
};
/// Each channel by itself. Depthwise kernel (kernel, kernel, C, 1), bias (C).
struct DepthwiseConv2d {
  int kernel = 3;
  int stride = 1;
  Padding padding = Padding::same;
  bool bias = true;
  Initializer initializer = Initializer::glorot_uniform;
  bool operator==(const DepthwiseConv2d&) const = default;
};
/// Over the channels (the last axis). moving = momentum moving + (1 - momentum) batch, biased variance.
struct BatchNorm {
  float momentum = 0.99F;
  float epsilon = 1e-3F;
  bool scale = true;  ///< false: no gamma
  bool operator==(const BatchNorm&) const = default;
};
struct LeakyRelu {
  float slope = 0.1F;
  bool operator==(const LeakyRelu&) const = default;
};
/// relu max(0, x); swish x sigmoid(x) (Ramachandran et al. 2017); sigmoid 1 / (1 + exp(-x)).
struct Activation {
  enum class Function { relu, swish, sigmoid };
  Function function = Function::relu;
  bool operator==(const Activation&) const = default;
};
/// size x size windows side by side, 'valid'.
struct MaxPool2d {
  int size = 2;
  bool operator==(const MaxPool2d&) const = default;
};
/// Inverted: kept values are scaled by 1 / (1 - rate). Identity at inference.
struct Dropout {
  float rate = 0.0F;
  bool whole_sample = false;  ///< all of a sample or nothing: stochastic depth (Huang et al. 2016)
  bool operator==(const Dropout&) const = default;
};
struct GlobalAveragePool2d {
  bool operator==(const GlobalAveragePool2d&) const = default;
};
/// Height, width, channel order -> one row of channels.
struct Flatten {
  bool operator==(const Flatten&) const = default;
};
/// Kernel (inputs, units), bias (units). The loss gains l2 * sum(kernel^2).
struct Dense {
  int units = 0;
  float l2 = 0.0F;
  bool operator==(const Dense&) const = default;
};
struct ZeroPadding2d {
  int top = 0;
  int bottom = 0;
  int left = 0;
  int right = 0;
  bool operator==(const ZeroPadding2d&) const = default;
};
/// x scale + offset; one scale, or one for each channel.
struct Rescaling {
  std::vector<float> scale = {1.0F};
  float offset = 0.0F;
  bool operator==(const Rescaling&) const = default;
};
/// (x - mean) / max(sqrt(variance), 1e-7), by channel; mean and variance are fixed tensors.
struct Normalization {
  bool operator==(const Normalization&) const = default;
};
/// Of two inputs of the same shape.
struct Add {
  bool operator==(const Add&) const = default;
};
/// Of two inputs of the same shape, or the second 1 x 1 x C: a gate for each channel.
struct Multiply {
  bool operator==(const Multiply&) const = default;
};

using LayerKind = std::variant<Conv2d, SeparableConv2d, BatchNorm, LeakyRelu, MaxPool2d, Dropout,
                               GlobalAveragePool2d, Dense, DepthwiseConv2d, Activation, Flatten,
                               ZeroPadding2d, Rescaling, Normalization, Add, Multiply>;

/// How a layer's input list names what the network is given.
inline constexpr const char* kNetworkInput = "input";

/// `name` is unique within the network and prefixes its tensors: "conv2d_1" owns "conv2d_1/kernel",
/// "conv2d_1/bias".
struct Layer {
  std::string name;
  LayerKind kind;
  /// Earlier layers, or kNetworkInput. None: the layer before; the network's input for the first.
  std::vector<std::string> inputs{};
  bool operator==(const Layer&) const = default;
};

/// What the logits become: softmax, one class of all; sigmoid, each class by itself, several at once.
enum class Scores { softmax, sigmoid };

/// The last layer gives the logits.
struct Architecture {
  std::string name;
  FeatureShape input;
  std::vector<Layer> layers;
  Scores scores = Scores::softmax;
  bool operator==(const Architecture&) const = default;
};

/// One tensor that a network owns, in Keras' order: layer by layer, trainable first.
struct ParameterSpec {
  std::string
      name;  ///< "<layer>/<kernel|bias|depthwise_kernel|pointwise_kernel|gamma|beta|moving_mean|moving_variance|mean|variance>"
  std::vector<std::int64_t> shape;  ///< Keras' shape
  bool trainable = true;            ///< false for running statistics and a Normalization's
  float l2 = 0.0F;
  std::int64_t fan_in = 0;  ///< of the initializer; 0 where the initial value is a constant
  std::int64_t fan_out = 0;
  Initializer initializer = Initializer::glorot_uniform;
  std::size_t layer = 0;  ///< index of the layer that owns it
};

/// Height, width, channels after each layer (1, 1, n once flat). Throws Error(bad_data) naming the layer if
/// shapes do not fit, a size is out of range, or names are not unique; every size is bounded, so that a
/// hostile model file cannot ask for huge memory.
std::vector<FeatureShape> output_shapes(const Architecture& architecture);
/// The same of a network that is not finished: later layers may read what none reads yet.
std::vector<FeatureShape> shapes_so_far(const Architecture& architecture);
/// For each layer the layers it reads, by index; -1 is the network's input. Throws as output_shapes does.
std::vector<std::vector<int>> layer_inputs(const Architecture& architecture);
/// How many layers read each layer's output; a layer that reads it twice counts twice.
std::vector<int> reader_counts(const std::vector<std::vector<int>>& inputs);
std::vector<ParameterSpec> parameter_specs(const Architecture& architecture);
/// Values in all of them, running statistics included.
std::int64_t parameter_count(const Architecture& architecture);
/// Logits of the last layer. Throws as output_shapes does.
int class_count(const Architecture& architecture);

}  // namespace earshot
