#include "tests/support/ReferenceInference.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

namespace earshot::test {
namespace {

// Height x width x channels, as Keras has it; zero outside, which is what 'same' padding means.
struct Image {
  explicit Image(const FeatureShape& s) : shape(s), values(s.size(), 0.0) {}
  double& at(int row, int column, int channel) {
    return values[static_cast<std::size_t>((row * shape.width + column) * shape.channels + channel)];
  }
  double get(int row, int column, int channel) const {
    if (row < 0 || column < 0 || row >= shape.height || column >= shape.width) return 0.0;
    return values[static_cast<std::size_t>((row * shape.width + column) * shape.channels + channel)];
  }
  FeatureShape shape;
  std::vector<double> values;
};

template <class Visit>
void for_each_value(Image& image, Visit visit) {
  for (int r = 0; r < image.shape.height; ++r) {
    for (int c = 0; c < image.shape.width; ++c) {
      for (int k = 0; k < image.shape.channels; ++k) visit(image.at(r, c, k), r, c, k);
    }
  }
}

class Interpreter {
 public:
  /// `second` is the other input of a layer that merges.
  Interpreter(const Layer& layer, const FeatureShape& output, const Weights& weights, const Image* second)
      : name_(layer.name), output_(output), weights_(weights), second_(second) {}

  Image operator()(const Image& in, const Conv2d& conv) const {
    const Window window = window_of(in.shape, conv.kernel, conv.stride, conv.padding);
    Image out(output_);
    for_each_value(out, [&](double& value, int r, int c, int k) {
      value = conv.bias ? weight("bias", k) : 0.0;
      for (int i = 0; i < in.shape.channels; ++i)
        value += correlate(in, window, "kernel", r, c, i, conv.filters, k);
    });
    return out;
  }
  Image operator()(const Image& in, const SeparableConv2d& conv) const {
    const Window window = window_of(in.shape, conv.kernel, conv.stride, Padding::same);
    Image depthwise({output_.height, output_.width, in.shape.channels});
    for_each_value(depthwise, [&](double& value, int r, int c, int k) {
      value = correlate(in, window, "depthwise_kernel", r, c, k, 1, 0);
    });
    Image out(output_);
    for_each_value(out, [&](double& value, int r, int c, int k) {
      value = weight("bias", k);
      for (int i = 0; i < in.shape.channels; ++i) {
        value += weight("pointwise_kernel", i * conv.filters + k) * depthwise.at(r, c, i);
      }
    });
    return out;
  }
  Image operator()(const Image& in, const DepthwiseConv2d& conv) const {
    const Window window = window_of(in.shape, conv.kernel, conv.stride, conv.padding);
    Image out(output_);
    for_each_value(out, [&](double& value, int r, int c, int k) {
      value =
          (conv.bias ? weight("bias", k) : 0.0) + correlate(in, window, "depthwise_kernel", r, c, k, 1, 0);
    });
    return out;
  }
  Image operator()(Image image, const BatchNorm& norm) const {
    for_each_value(image, [&](double& value, int, int, int k) {
      const double deviation = std::sqrt(weight("moving_variance", k) + static_cast<double>(norm.epsilon));
      value = (norm.scale ? weight("gamma", k) : 1.0) * (value - weight("moving_mean", k)) / deviation +
              weight("beta", k);
    });
    return image;
  }
  Image operator()(Image image, const LeakyRelu& relu) const {
    for (double& value : image.values) value *= value < 0.0 ? static_cast<double>(relu.slope) : 1.0;
    return image;
  }
  Image operator()(const Image& in, const MaxPool2d& pool) const {
    Image out(output_);
    for_each_value(out, [&](double& value, int r, int c, int k) {
      value = in.get(r * pool.size, c * pool.size, k);
      for (int y = 0; y < pool.size; ++y) {
        for (int x = 0; x < pool.size; ++x)
          value = std::max(value, in.get(r * pool.size + y, c * pool.size + x, k));
      }
    });
    return out;
  }
  Image operator()(Image image, const Activation& activation) const {
    for (double& value : image.values) {
      const double sigmoid = 1.0 / (1.0 + std::exp(-value));
      switch (activation.function) {
        case Activation::Function::relu:
          value = std::max(value, 0.0);
          break;
        case Activation::Function::swish:
          value *= sigmoid;
          break;
        case Activation::Function::sigmoid:
          value = sigmoid;
          break;
      }
    }
    return image;
  }
  Image operator()(Image image, const Dropout&) const { return image; }
  Image operator()(Image image, const Flatten&) const {
    image.shape = output_;
    return image;
  }
  Image operator()(const Image& in, const ZeroPadding2d& pad) const {
    Image out(output_);
    for_each_value(out,
                   [&](double& value, int r, int c, int k) { value = in.get(r - pad.top, c - pad.left, k); });
    return out;
  }
  Image operator()(Image image, const Rescaling& rescaling) const {
    for_each_value(image, [&](double& value, int, int, int k) {
      const std::size_t own = rescaling.scale.size() == 1 ? 0U : static_cast<std::size_t>(k);
      value = value * static_cast<double>(rescaling.scale[own]) + static_cast<double>(rescaling.offset);
    });
    return image;
  }
  Image operator()(Image image, const Normalization&) const {
    for_each_value(image, [&](double& value, int, int, int k) {
      value = (value - weight("mean", k)) / std::max(std::sqrt(weight("variance", k)), 1e-7);
    });
    return image;
  }
  Image operator()(Image image, const Add&) const {
    for (std::size_t i = 0; i < image.values.size(); ++i) image.values[i] += second_->values[i];
    return image;
  }
  Image operator()(Image image, const Multiply&) const {
    const std::size_t gate = second_->values.size();  // of each channel, or of each value
    for (std::size_t i = 0; i < image.values.size(); ++i) image.values[i] *= second_->values[i % gate];
    return image;
  }
  Image operator()(const Image& in, const GlobalAveragePool2d&) const {
    Image out(output_);
    const double area = static_cast<double>(in.shape.height) * in.shape.width;
    for (std::size_t i = 0; i < in.values.size(); ++i)
      out.values[i % out.values.size()] += in.values[i] / area;
    return out;
  }
  Image operator()(const Image& in, const Dense& dense) const {
    Image out(output_);
    for_each_value(out, [&](double& value, int, int, int k) {
      value = weight("bias", k);
      for (int i = 0; i < in.shape.channels; ++i)
        value += weight("kernel", i * dense.units + k) * in.get(0, 0, i);
    });
    return out;
  }

 private:
  double weight(const char* tensor, int index) const {
    return static_cast<double>(weights_.at(name_ + "/" + tensor).values[static_cast<std::size_t>(index)]);
  }
  struct Window {
    int size, stride, top, left;
  };
  static Window window_of(const FeatureShape& in, int size, int stride, Padding padding) {
    const auto before = [&](int side) {
      if (padding == Padding::valid) return 0;
      return std::max(((side + stride - 1) / stride - 1) * stride + size - side, 0) / 2;
    };
    return {size, stride, before(in.height), before(in.width)};
  }

  // One input channel's part of one output value.
  double correlate(const Image& in, const Window& window, const char* kernel, int row, int column,
                   int channel, int filters, int filter) const {
    double sum = 0.0;
    for (int y = 0; y < window.size; ++y) {
      for (int x = 0; x < window.size; ++x) {
        const int index = ((y * window.size + x) * in.shape.channels + channel) * filters + filter;
        sum += weight(kernel, index) * in.get(row * window.stride + y - window.top,
                                              column * window.stride + x - window.left, channel);
      }
    }
    return sum;
  }

  std::string name_;
  FeatureShape output_;
  const Weights& weights_;
  const Image* second_;
};

}  // namespace

std::vector<double> reference_scores(const Architecture& architecture, const Weights& weights,
                                     std::span<const float> features) {
  // images[i] is what layer i - 1 gave; the first, the network's input.
  std::vector<Image> images = {Image(architecture.input)};
  std::copy(features.begin(), features.end(), images.front().values.begin());
  const std::vector<FeatureShape> shapes = output_shapes(architecture);
  const std::vector<std::vector<int>> inputs = layer_inputs(architecture);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto input = [&](std::size_t which) -> const Image& {
      return images[static_cast<std::size_t>(inputs[i][which] + 1)];
    };
    const Interpreter interpret(architecture.layers[i], shapes[i], weights,
                                inputs[i].size() > 1 ? &input(1) : nullptr);
    images.push_back(
        std::visit([&](const auto& kind) { return interpret(input(0), kind); }, architecture.layers[i].kind));
  }
  std::vector<double> scores = images.back().values;
  if (architecture.scores == Scores::sigmoid) {
    for (double& score : scores) score = 1.0 / (1.0 + std::exp(-score));
    return scores;
  }
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0.0;
  for (double& score : scores) sum += score = std::exp(score - largest);
  for (double& score : scores) score /= sum;
  return scores;
}

}  // namespace earshot::test
