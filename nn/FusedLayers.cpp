#include "nn/FusedLayers.h"

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "dsp/Error.h"

namespace earshot {
namespace {

using Kind = FusedLayer::Kind;

// `rows` x `columns` -> `columns` x `rows`: Keras' kernels end in the output channel, oneDNN's begin with it.
std::vector<float> transposed(const std::vector<float>& values, std::size_t rows, std::size_t columns) {
  std::vector<float> result(values.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) result[c * rows + r] = values[r * columns + c];
  }
  return result;
}

// (field, in, out) -> (out, in, field), field being height x width.
std::vector<float> to_oihw(const std::vector<float>& values, std::size_t field, std::size_t in,
                           std::size_t out) {
  std::vector<float> result(values.size());
  for (std::size_t f = 0; f < field; ++f) {
    for (std::size_t i = 0; i < in; ++i) {
      for (std::size_t o = 0; o < out; ++o) result[(o * in + i) * field + f] = values[(f * in + i) * out + o];
    }
  }
  return result;
}

class Fuser {
 public:
  Fuser(const Architecture& architecture, const Weights& weights)
      : weights_(weights), shape_(architecture.input) {
    const std::vector<FeatureShape> shapes = output_shapes(architecture);
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      name_ = architecture.layers[i].name;
      next_shape_ = shapes[i];
      std::visit([this](const auto& kind) { add(kind); }, architecture.layers[i].kind);
      shape_ = next_shape_;
    }
  }

  std::vector<FusedLayer> take() { return std::move(layers_); }

 private:
  const std::vector<float>& values(const char* tensor) const {
    return weights_.at(name_ + "/" + tensor).values;
  }

  FusedLayer& push(Kind kind, int size = 0) {
    layers_.push_back({.kind = kind, .input = shape_, .output = next_shape_, .size = size});
    return layers_.back();
  }

  void add(const Conv2d& conv) {
    const auto in = static_cast<std::size_t>(shape_.channels);
    const auto field = static_cast<std::size_t>(conv.kernel * conv.kernel);
    FusedLayer& layer = push(Kind::convolution, conv.kernel);
    layer.weights = to_oihw(values("kernel"), field, in, static_cast<std::size_t>(conv.filters));
    layer.bias = values("bias");
  }

  void add(const SeparableConv2d& conv) {
    const auto in = static_cast<std::size_t>(shape_.channels);
    const auto field = static_cast<std::size_t>(conv.kernel * conv.kernel);
    FusedLayer& depthwise = push(Kind::depthwise, conv.kernel);
    depthwise.output = shape_;
    depthwise.weights = transposed(values("depthwise_kernel"), field, in);
    FusedLayer& pointwise = push(Kind::convolution, 1);
    pointwise.weights = transposed(values("pointwise_kernel"), in, static_cast<std::size_t>(conv.filters));
    pointwise.bias = values("bias");
  }

  void add(const Dense& dense) {
    FusedLayer& layer = push(Kind::dense);
    layer.weights = transposed(values("kernel"), static_cast<std::size_t>(shape_.channels),
                               static_cast<std::size_t>(dense.units));
    layer.bias = values("bias");
  }

  // gamma (x - mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy 2015, algorithm 2) is linear in x.
  void add(const BatchNorm& norm) {
    const auto channels = static_cast<std::size_t>(shape_.channels);
    if (!last_is_linear()) {
      FusedLayer& identity = push(Kind::depthwise, 1);
      identity.weights.assign(channels, 1.0F);
      identity.bias.assign(channels, 0.0F);
    }
    FusedLayer& layer = layers_.back();
    const std::size_t weights_per_channel = layer.weights.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      const double variance = static_cast<double>(values("moving_variance")[c]);
      const double scale =
          static_cast<double>(values("gamma")[c]) / std::sqrt(variance + static_cast<double>(norm.epsilon));
      for (std::size_t i = c * weights_per_channel; i < (c + 1) * weights_per_channel; ++i) {
        layer.weights[i] = static_cast<float>(static_cast<double>(layer.weights[i]) * scale);
      }
      const double centred =
          static_cast<double>(layer.bias[c]) - static_cast<double>(values("moving_mean")[c]);
      layer.bias[c] = static_cast<float>(centred * scale + static_cast<double>(values("beta")[c]));
    }
    refuse_overflow(layer);
  }

  // Finite statistics may still make an infinite factor, and every score NaN.
  void refuse_overflow(const FusedLayer& layer) const {
    for (const std::vector<float>* folded : {&layer.weights, &layer.bias}) {
      for (const float value : *folded) {
        if (std::isfinite(value)) continue;
        throw Error(ExitCode::bad_data, "layer '" + name_ +
                                            "': folded into the layer before it, found a weight that is not "
                                            "finite, expected statistics of a sane size");
      }
    }
  }

  void add(const LeakyRelu& relu) {
    if (last_is_linear()) {
      layers_.back().slope = relu.slope;
    } else {
      push(Kind::leaky_relu).slope = relu.slope;
    }
  }

  void add(const MaxPool2d& pool) { push(Kind::max_pool, pool.size); }
  void add(const GlobalAveragePool2d&) { push(Kind::average_pool); }
  void add(const Dropout&) {}

  // What follows can go into its weights or be its activation.
  bool last_is_linear() const {
    return !layers_.empty() && layers_.back().has_weights() && !layers_.back().slope;
  }

  const Weights& weights_;
  std::vector<FusedLayer> layers_;
  std::string name_;         // of the layer at hand
  FeatureShape shape_;       // it receives
  FeatureShape next_shape_;  // it gives
};

}  // namespace

std::vector<FusedLayer> fuse(const Architecture& architecture, const Weights& weights) {
  validate(weights, architecture);
  return Fuser(architecture, weights).take();
}

}  // namespace earshot
