// LayerKinds: every kind of layer, all that a model says of it: names, fields, what it gives, what it owns.
// Keras' layer semantics and tensor layouts throughout.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nn/model/LayerRules.h"

namespace earshot {

/// The names of a kind, and how many inputs its layers have.
struct LayerTraits {
  std::string_view word;   ///< in files: what Keras calls such layers, conv2d, conv2d_1, ...
  std::string_view title;  ///< for people
  std::size_t inputs = 1;
};

// Each kind has
//   kTraits
//   visit_fields   its fields, once, for whatever writes or reads them (model files, TOML): `visit(key,
//                  field)` for those that must be there, `visit.optional(key, field, absent)` for those that
//                  came later, whose absence means the value `absent`. A field that is added does not compile
//                  until it is listed.
//   output         its output's shape; throws Error(bad_data) naming the layer if a field is out of range or
//                  does not suit its input
//   list_tensors   what it owns

/// Kernel (kernel, kernel, C_in, filters), bias (filters). The loss gains l2 * sum(kernel^2).
struct Conv2d {
  static constexpr LayerTraits kTraits{"conv2d", "Conv2D"};
  int filters = 0;
  int kernel = 3;
  int stride = 1;
  Padding padding = Padding::same;
  bool bias = true;
  float l2 = 0.0F;
  Initializer initializer = Initializer::glorot_uniform;
  bool operator==(const Conv2d&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [filters, kernel, stride, padding, bias, l2, initializer] = self;
    visit("filters", filters);
    visit("kernel", kernel);
    visit.optional("stride", stride, 1);
    visit.optional("padding", padding, Padding::same);
    visit.optional("bias", bias, true);
    visit.optional("l2", l2, 0.0F);
    visit.optional("initializer", initializer, Initializer::glorot_uniform);
  }
  FeatureShape output(const LayerCheck& check) const {
    check.expect_l2(l2);
    return check.convolved(kernel, stride, padding, filters);
  }
  void list_tensors(LayerTensors& tensors) const {
    tensors.kernel("kernel", {kernel, kernel, tensors.channels(), filters}, l2, initializer);
    if (bias) tensors.vector("bias", filters);
  }
};

/// Depthwise kernel (kernel, kernel, C_in, 1), then pointwise (1, 1, C_in, filters), then one bias; nothing
/// between. 'same' padding.
struct SeparableConv2d {
  static constexpr LayerTraits kTraits{"separable_conv2d", "SeparableConv2D"};
  int filters = 0;
  int kernel = 3;
  int stride = 1;
  bool operator==(const SeparableConv2d&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [filters, kernel, stride] = self;
    visit("filters", filters);
    visit("kernel", kernel);
    visit.optional("stride", stride, 1);
  }
  FeatureShape output(const LayerCheck& check) const {
    return check.convolved(kernel, stride, Padding::same, filters);
  }
  void list_tensors(LayerTensors& tensors) const {
    tensors.kernel("depthwise_kernel", {kernel, kernel, tensors.channels(), 1});
    tensors.kernel("pointwise_kernel", {1, 1, tensors.channels(), filters});
    tensors.vector("bias", filters);
  }
};

/// Each channel by itself. Depthwise kernel (kernel, kernel, C, 1), bias (C).
struct DepthwiseConv2d {
  static constexpr LayerTraits kTraits{"depthwise_conv2d", "DepthwiseConv2D"};
  int kernel = 3;
  int stride = 1;
  Padding padding = Padding::same;
  bool bias = true;
  Initializer initializer = Initializer::glorot_uniform;
  bool operator==(const DepthwiseConv2d&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [kernel, stride, padding, bias, initializer] = self;
    visit("kernel", kernel);
    visit.optional("stride", stride, 1);
    visit.optional("padding", padding, Padding::same);
    visit.optional("bias", bias, true);
    visit.optional("initializer", initializer, Initializer::glorot_uniform);
  }
  FeatureShape output(const LayerCheck& check) const {
    return check.convolved(kernel, stride, padding, check.input().channels);
  }
  void list_tensors(LayerTensors& tensors) const {
    tensors.kernel("depthwise_kernel", {kernel, kernel, tensors.channels(), 1}, 0.0F, initializer);
    if (bias) tensors.vector("bias", tensors.channels());
  }
};

/// Over the channels (the last axis). moving = momentum moving + (1 - momentum) batch, biased variance.
struct BatchNorm {
  static constexpr LayerTraits kTraits{"batch_normalization", "BatchNorm"};
  float momentum = 0.99F;
  float epsilon = 1e-3F;
  bool scale = true;  ///< false: no gamma
  bool operator==(const BatchNorm&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [momentum, epsilon, scale] = self;
    visit("momentum", momentum);
    visit("epsilon", epsilon);
    visit.optional("scale", scale, true);
  }
  FeatureShape output(const LayerCheck& check) const {
    check.expect_share("momentum", momentum);
    check.expect("epsilon", epsilon, epsilon >= 1e-12F && epsilon <= 1.0F, "1e-12 to 1");
    return check.input();
  }
  void list_tensors(LayerTensors& tensors) const {
    if (scale) tensors.vector("gamma", tensors.channels());
    tensors.vector("beta", tensors.channels());
    tensors.vector("moving_mean", tensors.channels(), false);
    tensors.vector("moving_variance", tensors.channels(), false);
  }
};

struct LeakyRelu {
  static constexpr LayerTraits kTraits{"leaky_re_lu", "LeakyReLU"};
  float slope = 0.1F;
  bool operator==(const LeakyRelu&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [slope] = self;
    visit("slope", slope);
  }
  FeatureShape output(const LayerCheck& check) const {
    check.expect("slope", slope, slope >= 0.0F && slope <= 1.0F, "0 to 1");
    return check.input();
  }
  void list_tensors(LayerTensors&) const {}
};

/// relu max(0, x); swish x sigmoid(x) (Ramachandran et al. 2017); sigmoid 1 / (1 + exp(-x)).
struct Activation {
  static constexpr LayerTraits kTraits{"activation", "Activation"};
  enum class Function { relu, swish, sigmoid };
  Function function = Function::relu;
  bool operator==(const Activation&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [function] = self;
    visit("function", function);
  }
  FeatureShape output(const LayerCheck& check) const { return check.input(); }
  void list_tensors(LayerTensors&) const {}
};
constexpr std::array<std::string_view, 3> words_of(Activation::Function) {
  return {"relu", "swish", "sigmoid"};
}

/// size x size windows side by side, 'valid'.
struct MaxPool2d {
  static constexpr LayerTraits kTraits{"max_pooling2d", "MaxPool2D"};
  int size = 2;
  bool operator==(const MaxPool2d&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [size] = self;
    visit("size", size);
  }
  FeatureShape output(const LayerCheck& check) const {
    const auto& [height, width, channels] = check.input();
    check.expect_range("size", size, 1, kMaxSide);
    if (size > height || size > width) {
      check.refuse("size", size,
                   "no more than its input of " + std::to_string(height) + " x " + std::to_string(width));
    }
    return {height / size, width / size, channels};
  }
  void list_tensors(LayerTensors&) const {}
};

/// Inverted: kept values are scaled by 1 / (1 - rate). Identity at inference.
struct Dropout {
  static constexpr LayerTraits kTraits{"dropout", "Dropout"};
  float rate = 0.0F;
  bool whole_sample = false;  ///< all of a sample or nothing: stochastic depth (Huang et al. 2016)
  bool operator==(const Dropout&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [rate, whole_sample] = self;
    visit("rate", rate);
    visit.optional("whole_sample", whole_sample, false);
  }
  FeatureShape output(const LayerCheck& check) const {
    check.expect_share("rate", rate);
    return check.input();
  }
  void list_tensors(LayerTensors&) const {}
};

struct GlobalAveragePool2d {
  static constexpr LayerTraits kTraits{"global_average_pooling2d", "GlobalAveragePool2D"};
  bool operator==(const GlobalAveragePool2d&) const = default;
  static void visit_fields(auto&, auto&&) {}
  FeatureShape output(const LayerCheck& check) const { return {1, 1, check.input().channels}; }
  void list_tensors(LayerTensors&) const {}
};

/// Height, width, channel order -> one row of channels.
struct Flatten {
  static constexpr LayerTraits kTraits{"flatten", "Flatten"};
  bool operator==(const Flatten&) const = default;
  static void visit_fields(auto&, auto&&) {}
  FeatureShape output(const LayerCheck& check) const {
    const std::size_t values = check.input().size();
    if (values > kMaxFlat)
      check.refuse("its input's size", static_cast<double>(values), "at most 2^20 values");
    return {1, 1, static_cast<int>(values)};
  }
  void list_tensors(LayerTensors&) const {}
};

/// Kernel (inputs, units), bias (units). The loss gains l2 * sum(kernel^2).
struct Dense {
  static constexpr LayerTraits kTraits{"dense", "Dense"};
  int units = 0;
  float l2 = 0.0F;
  bool operator==(const Dense&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [units, l2] = self;
    visit("units", units);
    visit("l2", l2);
  }
  FeatureShape output(const LayerCheck& check) const {
    check.expect_range("units", units, 1, kMaxChannels);
    check.expect_l2(l2);
    const FeatureShape& in = check.input();
    if (!is_flat(in)) {
      check.refuse("its input's height x width", in.height * static_cast<double>(in.width), "1 (flat)");
    }
    return {1, 1, units};
  }
  void list_tensors(LayerTensors& tensors) const {
    tensors.kernel("kernel", {tensors.channels(), units}, l2);
    tensors.vector("bias", units);
  }
};

struct ZeroPadding2d {
  static constexpr LayerTraits kTraits{"zero_padding2d", "ZeroPadding2D"};
  int top = 0;
  int bottom = 0;
  int left = 0;
  int right = 0;
  bool operator==(const ZeroPadding2d&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [top, bottom, left, right] = self;
    visit("top", top);
    visit("bottom", bottom);
    visit("left", left);
    visit("right", right);
  }
  FeatureShape output(const LayerCheck& check) const {
    visit_fields(*this, [&](const char* side, int zeros) { check.expect_range(side, zeros, 0, kMaxKernel); });
    const FeatureShape& in = check.input();
    return {in.height + top + bottom, in.width + left + right, in.channels};
  }
  void list_tensors(LayerTensors&) const {}
};

/// x scale + offset; one scale, or one for each channel.
struct Rescaling {
  static constexpr LayerTraits kTraits{"rescaling", "Rescaling"};
  std::vector<float> scale = {1.0F};
  float offset = 0.0F;
  bool operator==(const Rescaling&) const = default;
  static void visit_fields(auto& self, auto&& visit) {
    auto& [scale, offset] = self;
    visit("scale", scale);
    visit.optional("offset", offset, 0.0F);
  }
  FeatureShape output(const LayerCheck& check) const {
    const FeatureShape& in = check.input();
    if (scale.size() != 1 && scale.size() != static_cast<std::size_t>(in.channels)) {
      check.refuse("the number of its scales", static_cast<double>(scale.size()),
                   "1 or its input's " + std::to_string(in.channels) + " channels");
    }
    for (const float one : scale) check.expect_sane("scale", one);
    check.expect_sane("offset", offset);
    return in;
  }
  void list_tensors(LayerTensors&) const {}
};

/// (x - mean) / max(sqrt(variance), 1e-7), by channel; mean and variance are fixed tensors.
struct Normalization {
  static constexpr LayerTraits kTraits{"normalization", "Normalization"};
  bool operator==(const Normalization&) const = default;
  static void visit_fields(auto&, auto&&) {}
  FeatureShape output(const LayerCheck& check) const { return check.input(); }
  void list_tensors(LayerTensors& tensors) const {
    tensors.vector("mean", tensors.channels(), false);
    tensors.vector("variance", tensors.channels(), false);
  }
};

/// Of two inputs of the same shape.
struct Add {
  static constexpr LayerTraits kTraits{"add", "Add", 2};
  bool operator==(const Add&) const = default;
  static void visit_fields(auto&, auto&&) {}
  FeatureShape output(const LayerCheck& check) const {
    if (check.second() != check.input()) check.refuse_second(shape_text(check.input()));
    return check.input();
  }
  void list_tensors(LayerTensors&) const {}
};

/// Of two inputs of the same shape, or the second 1 x 1 x C: a gate for each channel.
struct Multiply {
  static constexpr LayerTraits kTraits{"multiply", "Multiply", 2};
  bool operator==(const Multiply&) const = default;
  static void visit_fields(auto&, auto&&) {}
  FeatureShape output(const LayerCheck& check) const {
    const FeatureShape& in = check.input();
    const bool gate = is_flat(check.second()) && check.second().channels == in.channels;
    if (check.second() != in && !gate) {
      check.refuse_second(shape_text(in) + " or 1 x 1 x " + std::to_string(in.channels));
    }
    return in;
  }
  void list_tensors(LayerTensors&) const {}
};

using LayerKind = std::variant<Conv2d, SeparableConv2d, BatchNorm, LeakyRelu, MaxPool2d, Dropout,
                               GlobalAveragePool2d, Dense, DepthwiseConv2d, Activation, Flatten,
                               ZeroPadding2d, Rescaling, Normalization, Add, Multiply>;

}  // namespace earshot
