// Network::backward against finite differences: every layer, odd sizes, batches larger than one.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "nn/model/Weights.h"
#include "nn/training/Network.h"

namespace earshot::test {
namespace {

constexpr std::size_t kBatch = 3;
constexpr std::uint64_t kDirections = 4;
constexpr double kTolerance = 0.02;

std::vector<float> uniform_values(std::size_t count, std::uint64_t key) {
  KeyedRandom random(key);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.uniform(-1.0, 1.0));
  return values;
}

/// Every tensor random, so that no gradient vanishes by symmetry; gammas of both signs.
Weights random_weights(const Architecture& architecture) {
  Weights weights = initial_weights(architecture, 7);
  std::uint64_t part = 0;
  for (auto& [name, tensor] : weights) {
    const std::vector<float> noise = uniform_values(tensor.values.size(), derive_key(8, ++part));
    const bool positive = name.ends_with("variance");
    for (std::size_t i = 0; i < noise.size(); ++i) {
      if (tensor.shape.size() > 1) continue;
      tensor.values[i] = positive ? 1.5F + noise[i] : noise[i] + (noise[i] < 0.0F ? -0.3F : 0.3F);
    }
  }
  return weights;
}

/// The loss is a fixed random combination of the logits.
class Probe {
 public:
  explicit Probe(const Architecture& architecture)
      : network_(architecture, random_weights(architecture), 2),
        images_(uniform_values(kBatch * architecture.input.size(), 1)),
        combination_(uniform_values(kBatch * static_cast<std::size_t>(class_count(architecture)), 2)),
        logits_(combination_.size()) {}

  std::span<const Parameter> gradients() {
    loss();
    network_.backward(combination_);
    return network_.parameters();
  }

  /// dL/dt at 0 of parameter + t direction, by a central difference of width 2 step.
  double slope(const Parameter& parameter, std::span<const float> direction, double step) {
    const std::vector<float> start(parameter.value.begin(), parameter.value.end());
    const auto loss_at = [&](double t) {
      for (std::size_t i = 0; i < start.size(); ++i) {
        parameter.value[i] =
            static_cast<float>(static_cast<double>(start[i]) + t * static_cast<double>(direction[i]));
      }
      return loss();
    };
    const double found = (loss_at(step) - loss_at(-step)) / (2.0 * step);
    std::ranges::copy(start, parameter.value.begin());
    return found;
  }

 private:
  double loss() {
    network_.forward(images_, kKeys, logits_);
    return std::inner_product(logits_.begin(), logits_.end(), combination_.begin(), 0.0);
  }

  static constexpr std::array<std::uint64_t, kBatch> kKeys = {11, 12, 13};
  Network network_;
  std::vector<float> images_;
  std::vector<float> combination_;
  std::vector<float> logits_;
};

double length(std::span<const float> values) {
  return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
}

/// Along random directions of each tensor, finite differences against the gradient; relative to what such a
/// direction sees of the gradient on average (and of a hundredth of the whole network's, for tensors whose
/// true gradient is zero). A step may cross a kink of LeakyReLU or max pooling, a narrow one drowns in
/// rounding: the best of four widths counts.
void check_gradients(const Architecture& architecture) {
  Probe probe(architecture);
  const std::span<const Parameter> parameters = probe.gradients();
  std::vector<std::vector<float>> gradients;
  double whole = 0.0;
  for (const Parameter& parameter : parameters) {
    gradients.emplace_back(parameter.gradient.begin(), parameter.gradient.end());
    whole = std::hypot(whole, length(parameter.gradient));
  }
  REQUIRE(whole > 0.0);
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    for (std::uint64_t d = 0; d < kDirections; ++d) {
      std::vector<float> direction = uniform_values(gradients[p].size(), derive_key(3, d));
      const double scale = 1.0 / length(direction);
      for (float& value : direction) value = static_cast<float>(scale * static_cast<double>(value));
      const double expected =
          std::inner_product(direction.begin(), direction.end(), gradients[p].begin(), 0.0);
      const double usual =
          std::max(length(gradients[p]), 0.01 * whole) / std::sqrt(static_cast<double>(direction.size()));
      double error = 1e9;
      for (const double step : {4e-3, 2e-3, 1e-3, 5e-4}) {
        error = std::min(error, std::abs(probe.slope(parameters[p], direction, step) - expected) / usual);
      }
      INFO(parameters[p].spec->name << ", direction " << d);
      CHECK(error < kTolerance);
    }
  }
}

Architecture network_of(FeatureShape input, std::vector<LayerKind> kinds) {
  Architecture architecture{.name = "test", .input = input, .layers = {}};
  for (LayerKind& kind : kinds) {
    architecture.layers.push_back({"layer_" + std::to_string(architecture.layers.size()), std::move(kind)});
  }
  return architecture;
}

void check(FeatureShape input, std::vector<LayerKind> kinds) {
  check_gradients(network_of(input, std::move(kinds)));
}

}  // namespace

TEST_CASE("Gradients of a convolution over one channel and of one over many agree with finite differences") {
  check({7, 9, 1}, {Conv2d{5, 3}, Conv2d{20, 3}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients of convolutions that Winograd can do agree with finite differences") {
  check({13, 11, 1}, {Conv2d{16, 3}, Conv2d{32, 3}, Conv2d{16, 3}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients of a convolution with a large or an even kernel agree with finite differences") {
  check({7, 9, 3}, {Conv2d{4, 5}, Conv2d{4, 2}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients of a separable convolution agree with finite differences") {
  check({7, 9, 3}, {SeparableConv2d{19, 3}, SeparableConv2d{6, 5}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients through BatchNorm agree with finite differences") {
  check({7, 5, 2}, {Conv2d{18, 3}, BatchNorm{}, Conv2d{3, 3}, BatchNorm{.momentum = 0.5F, .epsilon = 0.1F},
                    Conv2d{3, 3}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients through LeakyReLU agree with finite differences") {
  check({7, 5, 2}, {Conv2d{6, 3}, LeakyRelu{.slope = 0.3F}, Conv2d{3, 3}, LeakyRelu{.slope = 0.0F},
                    GlobalAveragePool2d{}});
}
TEST_CASE("Gradients through max pooling whose windows do not cover the edge agree with finite differences") {
  check({11, 9, 1}, {Conv2d{6, 3}, MaxPool2d{2}, Conv2d{3, 3}, MaxPool2d{3}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients through dropout agree with finite differences for the same keys") {
  check({7, 5, 2},
        {Conv2d{6, 3}, Dropout{.rate = 0.4F}, Conv2d{3, 3}, Dropout{.rate = 0.2F}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients of dense layers agree with finite differences") {
  check({1, 1, 13}, {Dense{.units = 21}, LeakyRelu{}, Dense{.units = 5}});
}
TEST_CASE("Gradients of a whole block and a head agree with finite differences") {
  check({13, 15, 1},
        {Conv2d{16, 3}, BatchNorm{}, LeakyRelu{}, Conv2d{16, 3}, BatchNorm{}, LeakyRelu{}, MaxPool2d{2},
         Dropout{.rate = 0.1F}, SeparableConv2d{17, 3}, BatchNorm{}, LeakyRelu{}, MaxPool2d{2},
         GlobalAveragePool2d{}, Dense{.units = 9}, LeakyRelu{}, Dense{.units = 4}});
}
TEST_CASE("Gradients of layers in an unusual order agree with finite differences") {
  check({9, 9, 2},
        {BatchNorm{}, Conv2d{6, 3}, LeakyRelu{.slope = 0.0F}, BatchNorm{}, MaxPool2d{2}, MaxPool2d{2},
         LeakyRelu{}, BatchNorm{}, GlobalAveragePool2d{}, LeakyRelu{}, Dropout{.rate = 0.3F}});
}
TEST_CASE("Gradients of strided, unpadded and biasless convolutions agree with finite differences") {
  check({11, 12, 1}, {Conv2d{.filters = 6, .stride = 2, .bias = false},
                      Conv2d{.filters = 5, .padding = Padding::valid}, GlobalAveragePool2d{}});
  check({12, 9, 3}, {Conv2d{.filters = 8, .kernel = 5, .stride = 2},
                     Conv2d{.filters = 4, .kernel = 1, .bias = false}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients of depthwise convolutions agree with finite differences") {
  check({9, 10, 8},
        {DepthwiseConv2d{.bias = false}, DepthwiseConv2d{.kernel = 5, .stride = 2}, GlobalAveragePool2d{}});
  check({9, 10, 5}, {DepthwiseConv2d{.stride = 2, .padding = Padding::valid}, GlobalAveragePool2d{}});
  check({9, 10, 5}, {SeparableConv2d{.filters = 6, .stride = 2}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients through padding, flattening and a large dense layer agree with finite differences") {
  check({5, 6, 3},
        {Conv2d{4, 3}, ZeroPadding2d{.top = 1, .bottom = 2, .left = 0, .right = 3},
         Conv2d{.filters = 5, .stride = 2, .padding = Padding::valid}, Flatten{}, Dense{.units = 3}});
  check({16, 16, 1}, {Conv2d{16, 3}, Flatten{}, Dense{.units = 80}, LeakyRelu{}, Dense{.units = 3}});
}
TEST_CASE("Gradients through ReLU before a norm, with gammas of both signs, agree with finite differences") {
  check({9, 10, 1}, {Conv2d{8, 3}, Activation{}, BatchNorm{}, MaxPool2d{2}, Conv2d{8, 3}, Activation{},
                     BatchNorm{}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients through swish, sigmoid and a norm without gamma agree with finite differences") {
  const Activation swish{Activation::Function::swish};
  const Activation sigmoid{Activation::Function::sigmoid};
  check({7, 9, 2}, {Conv2d{6, 3}, BatchNorm{.scale = false}, swish, MaxPool2d{2}, Conv2d{5, 3}, sigmoid,
                    Dropout{.rate = 0.3F}, GlobalAveragePool2d{}});
}
TEST_CASE("Gradients through rescaling agree with finite differences") {
  check({5, 6, 3}, {Rescaling{.scale = {0.5F, 2.0F, -1.0F}, .offset = 0.3F}, Conv2d{4, 3}, Normalization{},
                    Conv2d{3, 3}, GlobalAveragePool2d{}});
}

Architecture graph_of(FeatureShape input, std::vector<Layer> layers) {
  return {.name = "graph", .input = input, .layers = std::move(layers)};
}

TEST_CASE("Gradients of a gated residual block agree with finite differences") {
  const Activation swish{Activation::Function::swish};
  const Activation sigmoid{Activation::Function::sigmoid};
  check_gradients(graph_of({7, 9, 3}, {{"stem", Conv2d{10, 3}},
                                       {"stem_bn", BatchNorm{}},
                                       {"stem_swish", swish},
                                       {"deep", DepthwiseConv2d{.bias = false}},
                                       {"deep_bn", BatchNorm{}},
                                       {"deep_swish", swish},
                                       {"squeeze", GlobalAveragePool2d{}},
                                       {"reduce", Conv2d{3, 1}},
                                       {"reduce_swish", swish},
                                       {"expand", Conv2d{10, 1}},
                                       {"expand_sigmoid", sigmoid},
                                       {"excite", Multiply{}, {"deep_swish", "expand_sigmoid"}},
                                       {"project", Conv2d{.filters = 10, .kernel = 1, .bias = false}},
                                       {"project_bn", BatchNorm{}},
                                       {"drop", Dropout{.rate = 0.4F, .whole_sample = true}},
                                       {"add", Add{}, {"drop", "stem_swish"}},
                                       {"last", Conv2d{4, 3}},
                                       {"pool", GlobalAveragePool2d{}}}));
}
TEST_CASE("Gradients of what is read three times, by itself and by the input agree with finite differences") {
  check_gradients(graph_of({6, 5, 4}, {{"a", Conv2d{4, 3}},
                                       {"twice", Add{}, {"a", "a"}},
                                       {"square", Multiply{}, {"a", "twice"}},
                                       {"b", Conv2d{4, 3}, {"input"}},
                                       {"sum", Add{}, {"square", "b"}},
                                       {"norm", BatchNorm{}},
                                       {"sum2", Add{}, {"norm", "a"}},
                                       {"pool", GlobalAveragePool2d{}},
                                       {"dense", Dense{.units = 3}}}));
}

}  // namespace earshot::test
