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
  Interpreter(const Layer& layer, const FeatureShape& output, const Weights& weights)
      : name_(layer.name), output_(output), weights_(weights) {}

  Image operator()(const Image& in, const Conv2d& conv) const {
    Image out(output_);
    for_each_value(out, [&](double& value, int r, int c, int k) {
      value = weight("bias", k);
      for (int i = 0; i < in.shape.channels; ++i)
        value += correlate(in, conv.kernel, "kernel", r, c, i, conv.filters, k);
    });
    return out;
  }
  Image operator()(const Image& in, const SeparableConv2d& conv) const {
    Image depthwise(in.shape);
    for_each_value(depthwise, [&](double& value, int r, int c, int k) {
      value = correlate(in, conv.kernel, "depthwise_kernel", r, c, k, 1, 0);
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
  Image operator()(Image image, const BatchNorm& norm) const {
    for_each_value(image, [&](double& value, int, int, int k) {
      const double deviation = std::sqrt(weight("moving_variance", k) + static_cast<double>(norm.epsilon));
      value = weight("gamma", k) * (value - weight("moving_mean", k)) / deviation + weight("beta", k);
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
  Image operator()(Image image, const Dropout&) const { return image; }
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
  // One input channel's part of one output value, 'same' padding with the odd one at the bottom and right.
  double correlate(const Image& in, int size, const char* kernel, int row, int column, int channel,
                   int filters, int filter) const {
    const int before = (size - 1) / 2;
    double sum = 0.0;
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        const int index = ((y * size + x) * in.shape.channels + channel) * filters + filter;
        sum += weight(kernel, index) * in.get(row + y - before, column + x - before, channel);
      }
    }
    return sum;
  }

  std::string name_;
  FeatureShape output_;
  const Weights& weights_;
};

}  // namespace

std::vector<double> reference_scores(const Architecture& architecture, const Weights& weights,
                                     std::span<const float> features) {
  Image image(architecture.input);
  std::copy(features.begin(), features.end(), image.values.begin());
  const std::vector<FeatureShape> shapes = output_shapes(architecture);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Interpreter interpret(architecture.layers[i], shapes[i], weights);
    image = std::visit([&](const auto& kind) { return interpret(image, kind); }, architecture.layers[i].kind);
  }
  std::vector<double> scores = image.values;
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0.0;
  for (double& score : scores) sum += score = std::exp(score - largest);
  for (double& score : scores) score /= sum;
  return scores;
}

}  // namespace earshot::test
