#include "nn/inference/FusedLayers.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "dsp/base/Error.h"
#include "nn/model/KernelLayout.h"
#include "nn/model/SamePadding.h"
#include "nn/model/SixteenBits.h"

namespace earshot {
namespace {

using Kind = FusedLayer::Kind;

class Fuser {
 public:
  Fuser(const Architecture& architecture, const Weights& weights) : weights_(weights) {
    const std::vector<FeatureShape> shapes = output_shapes(architecture);
    const std::vector<std::vector<int>> inputs = layer_inputs(architecture);
    const std::vector<int> readers = reader_counts(inputs);
    std::vector<int> fused;  // what gives each layer's output
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      name_ = architecture.layers[i].name;
      inputs_.clear();
      for (const int input : inputs[i]) {
        inputs_.push_back(input < 0 ? FusedLayer::kFeatures : fused[static_cast<std::size_t>(input)]);
      }
      const int first = inputs[i].front();
      shape_ = first < 0 ? architecture.input : shapes[static_cast<std::size_t>(first)];
      next_shape_ = shapes[i];
      fused.push_back(
          std::visit([this](const auto& kind) { return add(kind); }, architecture.layers[i].kind));
      if (readers[i] > 1 && fused.back() >= 0) shared_[static_cast<std::size_t>(fused.back())] = true;
    }
    if (layers_.empty()) {  // nothing but layers that only train: what goes in comes out
      inputs_ = {FusedLayer::kFeatures};
      shape_ = next_shape_;
      push(Kind::depthwise, 1).weights.assign(static_cast<std::size_t>(next_shape_.channels), 1.0F);
    }
  }

  std::vector<FusedLayer> take() { return std::move(layers_); }

 private:
  const std::vector<float>& values(const char* tensor) const {
    return weights_.at(name_ + "/" + tensor).values;
  }

  // One a channel of the output, of kernels that have them.
  std::vector<double> steps(const char* kernel) const {
    const Tensor& tensor = weights_.at(name_ + "/" + kernel);
    const auto stored = as_sixteen_bits(tensor);
    if (!stored || stored->steps.size() != static_cast<std::size_t>(tensor.shape.back())) return {};
    return {stored->steps.begin(), stored->steps.end()};
  }

  int last() const { return static_cast<int>(layers_.size()) - 1; }

  FusedLayer& push(Kind kind, int size = 0) {
    shared_.push_back(false);
    return layers_.emplace_back(
        FusedLayer{.kind = kind, .inputs = inputs_, .input = shape_, .output = next_shape_, .size = size});
  }

  // Keras' 'same', or what a ZeroPadding2d just before gave.
  FusedLayer& push_convolution(Kind kind, int size, int stride, Padding padding) {
    FusedLayer pads;
    if (padding == Padding::same) {
      const AxisPadding rows = same_padding(shape_.height, size, stride);
      const AxisPadding columns = same_padding(shape_.width, size, stride);
      pads.pad_top = rows.before;
      pads.pad_bottom = rows.after;
      pads.pad_left = columns.before;
      pads.pad_right = columns.after;
    } else if (pads_only(inputs_.front())) {
      pads = std::move(layers_.back());
      layers_.pop_back();
      shared_.pop_back();
      padding_ = FusedLayer::kFeatures;
      inputs_ = pads.inputs;
      shape_ = pads.input;
    }
    FusedLayer& layer = push(kind, size);
    layer.stride = stride;
    layer.pad_top = pads.pad_top;
    layer.pad_bottom = pads.pad_bottom;
    layer.pad_left = pads.pad_left;
    layer.pad_right = pads.pad_right;
    return layer;
  }

  int add(const Conv2d& conv) {
    const auto in = static_cast<std::size_t>(shape_.channels);
    const auto field = static_cast<std::size_t>(conv.kernel * conv.kernel);
    FusedLayer& layer = push_convolution(Kind::convolution, conv.kernel, conv.stride, conv.padding);
    layer.weights = to_oihw(values("kernel"), field, in, static_cast<std::size_t>(conv.filters));
    layer.steps = steps("kernel");
    if (conv.bias) layer.bias = values("bias");
    return last();
  }

  int add(const DepthwiseConv2d& conv) {
    const auto field = static_cast<std::size_t>(conv.kernel * conv.kernel);
    FusedLayer& layer = push_convolution(Kind::depthwise, conv.kernel, conv.stride, conv.padding);
    layer.weights = transposed(values("depthwise_kernel"), field, static_cast<std::size_t>(shape_.channels));
    if (conv.bias) layer.bias = values("bias");
    return last();
  }

  int add(const SeparableConv2d& conv) {
    const auto in = static_cast<std::size_t>(shape_.channels);
    const auto field = static_cast<std::size_t>(conv.kernel * conv.kernel);
    const FeatureShape output = next_shape_;
    next_shape_.channels = shape_.channels;
    push_convolution(Kind::depthwise, conv.kernel, conv.stride, Padding::same).weights =
        transposed(values("depthwise_kernel"), field, in);
    inputs_ = {last()};
    shape_ = next_shape_;
    next_shape_ = output;
    FusedLayer& pointwise = push(Kind::convolution, 1);
    pointwise.weights = transposed(values("pointwise_kernel"), in, static_cast<std::size_t>(conv.filters));
    pointwise.steps = steps("pointwise_kernel");
    pointwise.bias = values("bias");
    return last();
  }

  int add(const Dense& dense) {
    FusedLayer& layer = push(Kind::dense);
    layer.weights = transposed(values("kernel"), static_cast<std::size_t>(shape_.channels),
                               static_cast<std::size_t>(dense.units));
    layer.steps = steps("kernel");
    layer.bias = values("bias");
    return last();
  }

  // gamma (x - mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy 2015, algorithm 2) is linear in x.
  int add(const BatchNorm& norm) {
    std::vector<double> scale;
    for (std::size_t c = 0; c < static_cast<std::size_t>(shape_.channels); ++c) {
      const double variance = static_cast<double>(values("moving_variance")[c]);
      const double gamma = norm.scale ? static_cast<double>(values("gamma")[c]) : 1.0;
      scale.push_back(gamma / std::sqrt(variance + static_cast<double>(norm.epsilon)));
    }
    return scale_channels(scale, values("moving_mean"), values("beta"));
  }

  int add(const Normalization&) {
    std::vector<double> scale;
    for (const float variance : values("variance")) {
      scale.push_back(static_cast<double>(1.0F / normalization_deviation(variance)));
    }
    return scale_channels(scale, values("mean"), std::vector<float>(scale.size(), 0.0F));
  }

  int add(const Rescaling& rescaling) {
    const auto channels = static_cast<std::size_t>(shape_.channels);
    std::vector<double> scale(channels, static_cast<double>(rescaling.scale.front()));
    if (rescaling.scale.size() == channels) scale.assign(rescaling.scale.begin(), rescaling.scale.end());
    return scale_channels(scale, std::vector<float>(channels, 0.0F),
                          std::vector<float>(channels, rescaling.offset));
  }

  // (x - mean) scale + beta, folded into the linear layer before it.
  int scale_channels(const std::vector<double>& scale, const std::vector<float>& mean,
                     const std::vector<float>& beta) {
    const std::size_t channels = scale.size();
    if (!open_linear(inputs_.front())) {
      FusedLayer& identity = push(Kind::depthwise, 1);
      identity.weights.assign(channels, 1.0F);
      inputs_ = {last()};
    }
    FusedLayer& layer = layers_[static_cast<std::size_t>(inputs_.front())];
    if (layer.bias.empty()) layer.bias.assign(channels, 0.0F);
    const std::size_t weights_per_channel = layer.weights.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t i = c * weights_per_channel; i < (c + 1) * weights_per_channel; ++i) {
        layer.weights[i] = static_cast<float>(static_cast<double>(layer.weights[i]) * scale[c]);
      }
      if (!layer.steps.empty()) layer.steps[c] *= scale[c];
      const double centred = static_cast<double>(layer.bias[c]) - static_cast<double>(mean[c]);
      layer.bias[c] = static_cast<float>(centred * scale[c] + static_cast<double>(beta[c]));
    }
    refuse_overflow(layer);
    return inputs_.front();
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

  int add(const LeakyRelu& relu) { return activate({.slope = relu.slope}); }
  int add(const Activation& activation) {
    using Function = FusedActivation::Function;
    switch (activation.function) {
      case Activation::Function::relu:
        return activate({.slope = 0.0F});
      case Activation::Function::swish:
        return activate({.function = Function::swish});
      case Activation::Function::sigmoid:
        return activate({.function = Function::sigmoid});
    }
    return inputs_.front();
  }
  int activate(const FusedActivation& activation) {
    if (!open_linear(inputs_.front())) {
      push(Kind::activation).activation = activation;
      return last();
    }
    layers_[static_cast<std::size_t>(inputs_.front())].activation = activation;
    return inputs_.front();
  }

  int add(const ZeroPadding2d& pad) {
    FusedLayer& layer = push(Kind::depthwise, 1);
    layer.weights.assign(static_cast<std::size_t>(shape_.channels), 1.0F);
    layer.pad_top = pad.top;
    layer.pad_bottom = pad.bottom;
    layer.pad_left = pad.left;
    layer.pad_right = pad.right;
    padding_ = last();
    return last();
  }

  int add(const MaxPool2d& pool) {
    push(Kind::max_pool, pool.size);
    return last();
  }
  int add(const GlobalAveragePool2d&) {
    push(Kind::average_pool);
    return last();
  }
  int add(const Flatten&) {
    push(Kind::flatten);
    return last();
  }
  int add(const Add&) {
    push(Kind::add);
    return last();
  }
  int add(const Multiply&) {
    push(Kind::multiply);
    return last();
  }
  int add(const Dropout&) { return inputs_.front(); }

  // What follows can go into its weights or be its activation. Of padding it cannot: zeros would not stay.
  bool open_linear(int index) const {
    if (index < 0 || index == padding_) return false;
    const auto i = static_cast<std::size_t>(index);
    return layers_[i].has_weights() && !layers_[i].activation && !shared_[i];
  }

  bool pads_only(int index) const {
    return index >= 0 && index == padding_ && index == last() && !shared_[static_cast<std::size_t>(index)];
  }

  const Weights& weights_;
  std::vector<FusedLayer> layers_;
  std::vector<bool> shared_;             // by fused layer: several read it
  int padding_ = FusedLayer::kFeatures;  // the last that only pads
  std::string name_;                     // of the layer at hand
  std::vector<int> inputs_;              // fused layers that it reads
  FeatureShape shape_;                   // of the first
  FeatureShape next_shape_;              // it gives
};

}  // namespace

std::vector<FusedLayer> fuse(const Architecture& architecture, const Weights& weights) {
  validate(weights, architecture);
  return Fuser(architecture, weights).take();
}

}  // namespace earshot
