#include "nn/model/Architecture.h"

#include <cstddef>
#include <map>
#include <sstream>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

// Far above what a real-time classifier wants, far below what would hurt a machine.
constexpr std::size_t kMaxLayers = 1024;
constexpr std::size_t kMaxName = 128;
constexpr int kMaxSide = 4096;
constexpr int kMaxChannels = 65536;
constexpr int kMaxKernel = 31;
constexpr int kMaxFlat = 1 << 20;
constexpr float kMaxRescaling = 1e6F;
constexpr std::int64_t kMaxActivation = std::int64_t{1} << 25;  // floats of one layer's output
constexpr std::int64_t kMaxParameters = std::int64_t{1} << 26;  // floats of the whole network

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;  // clang before 17 does not deduce it

[[noreturn]] void refuse(const Layer& layer, const std::string& what, double found,
                         const std::string& expected) {
  std::ostringstream line;
  line << "layer '" << layer.name << "': " << what << " is " << found << ", expected " << expected;
  throw Error(ExitCode::bad_data, line.str());
}

void expect_range(const Layer& layer, const char* what, int found, int least, int most) {
  if (found < least || found > most) {
    refuse(layer, what, found, std::to_string(least) + " to " + std::to_string(most));
  }
}

// Written so that NaN fails.
void expect_fraction(const Layer& layer, const char* what, float found, bool holds, const char* expected) {
  if (!holds) refuse(layer, what, static_cast<double>(found), expected);
}

bool is_flat(const FeatureShape& shape) {
  return shape.height == 1 && shape.width == 1;
}

// One side after a convolution.
int side_after(const Layer& layer, int side, int kernel, int stride, Padding padding) {
  if (padding == Padding::same) return (side + stride - 1) / stride;
  if (kernel > side)
    refuse(layer, "kernel", kernel, "no more than its input's side of " + std::to_string(side));
  return (side - kernel) / stride + 1;
}

FeatureShape convolved(const Layer& layer, const FeatureShape& in, int kernel, int stride, Padding padding,
                       int filters) {
  expect_range(layer, "filters", filters, 1, kMaxChannels);
  expect_range(layer, "kernel", kernel, 1, kMaxKernel);
  expect_range(layer, "stride", stride, 1, kMaxKernel);
  return {side_after(layer, in.height, kernel, stride, padding),
          side_after(layer, in.width, kernel, stride, padding), filters};
}

void expect_l2(const Layer& layer, float l2) {
  expect_fraction(layer, "l2", l2, l2 >= 0.0F && l2 <= 1000.0F, "0 to 1000");
}

std::string text_of(const FeatureShape& shape) {
  return std::to_string(shape.height) + " x " + std::to_string(shape.width) + " x " +
         std::to_string(shape.channels);
}

[[noreturn]] void refuse_pair(const Layer& layer, const std::vector<FeatureShape>& inputs,
                              const std::string& expected) {
  throw Error(ExitCode::bad_data, "layer '" + layer.name + "': its second input is " + text_of(inputs[1]) +
                                      ", expected " + expected);
}

// `inputs`: their shapes, one, or two where the kind merges.
FeatureShape shape_after(const Layer& layer, const std::vector<FeatureShape>& inputs) {
  const bool merges = std::holds_alternative<Add>(layer.kind) || std::holds_alternative<Multiply>(layer.kind);
  if (inputs.size() != (merges ? 2U : 1U)) {
    refuse(layer, "the number of its inputs", static_cast<double>(inputs.size()), merges ? "2" : "1");
  }
  const FeatureShape& in = inputs.front();
  return std::visit(
      Overloaded{
          [&](const Conv2d& conv) {
            expect_l2(layer, conv.l2);
            return convolved(layer, in, conv.kernel, conv.stride, conv.padding, conv.filters);
          },
          [&](const SeparableConv2d& conv) {
            return convolved(layer, in, conv.kernel, conv.stride, Padding::same, conv.filters);
          },
          [&](const DepthwiseConv2d& conv) {
            return convolved(layer, in, conv.kernel, conv.stride, conv.padding, in.channels);
          },
          [&](const BatchNorm& norm) {
            const float m = norm.momentum;
            expect_fraction(layer, "momentum", m, m >= 0.0F && m < 1.0F, "at least 0 and less than 1");
            const float e = norm.epsilon;
            expect_fraction(layer, "epsilon", e, e >= 1e-12F && e <= 1.0F, "1e-12 to 1");
            return in;
          },
          [&](const LeakyRelu& relu) {
            expect_fraction(layer, "slope", relu.slope, relu.slope >= 0.0F && relu.slope <= 1.0F, "0 to 1");
            return in;
          },
          [&](const MaxPool2d& pool) {
            expect_range(layer, "size", pool.size, 1, kMaxSide);
            if (pool.size > in.height || pool.size > in.width) {
              refuse(layer, "size", pool.size,
                     "no more than its input of " + std::to_string(in.height) + " x " +
                         std::to_string(in.width));
            }
            return FeatureShape{in.height / pool.size, in.width / pool.size, in.channels};
          },
          [&](const Dropout& dropout) {
            const float rate = dropout.rate;
            expect_fraction(layer, "rate", rate, rate >= 0.0F && rate < 1.0F, "at least 0 and less than 1");
            return in;
          },
          [&](const GlobalAveragePool2d&) {
            return FeatureShape{1, 1, in.channels};
          },
          [&](const Dense& dense) {
            expect_range(layer, "units", dense.units, 1, kMaxChannels);
            expect_l2(layer, dense.l2);
            if (!is_flat(in)) {
              refuse(layer, "its input's height x width", in.height * static_cast<double>(in.width),
                     "1 (flat)");
            }
            return FeatureShape{1, 1, dense.units};
          },
          [&](const Flatten&) {
            const std::int64_t values = std::int64_t{in.height} * in.width * in.channels;
            if (values > kMaxFlat) {
              refuse(layer, "its input's size", static_cast<double>(values), "at most 2^20 values");
            }
            return FeatureShape{1, 1, static_cast<int>(values)};
          },
          [&](const ZeroPadding2d& pad) {
            expect_range(layer, "top", pad.top, 0, kMaxKernel);
            expect_range(layer, "bottom", pad.bottom, 0, kMaxKernel);
            expect_range(layer, "left", pad.left, 0, kMaxKernel);
            expect_range(layer, "right", pad.right, 0, kMaxKernel);
            return FeatureShape{in.height + pad.top + pad.bottom, in.width + pad.left + pad.right,
                                in.channels};
          },
          [&](const Rescaling& rescaling) {
            const std::size_t scales = rescaling.scale.size();
            if (scales != 1 && scales != static_cast<std::size_t>(in.channels)) {
              refuse(layer, "the number of its scales", static_cast<double>(scales),
                     "1 or its input's " + std::to_string(in.channels) + " channels");
            }
            const auto sane = [](float value) { return value >= -kMaxRescaling && value <= kMaxRescaling; };
            for (const float scale : rescaling.scale) {
              expect_fraction(layer, "scale", scale, sane(scale), "-1e6 to 1e6");
            }
            expect_fraction(layer, "offset", rescaling.offset, sane(rescaling.offset), "-1e6 to 1e6");
            return in;
          },
          [&](const Add&) {
            if (inputs[1] != in) refuse_pair(layer, inputs, text_of(in));
            return in;
          },
          [&](const Multiply&) {
            const bool gate = is_flat(inputs[1]) && inputs[1].channels == in.channels;
            if (inputs[1] != in && !gate) {
              refuse_pair(layer, inputs, text_of(in) + " or 1 x 1 x " + std::to_string(in.channels));
            }
            return in;
          },
          [&](const auto&) { return in; },
      },
      layer.kind);
}

// What one layer owns, in Keras' order. `in` is the shape it receives.
std::vector<ParameterSpec> specs_of(const Layer& layer, const FeatureShape& in) {
  std::vector<ParameterSpec> specs;
  const std::int64_t channels = in.channels;
  const auto kernel = [&](const char* tensor, std::vector<std::int64_t> shape, float l2 = 0.0F,
                          Initializer initializer = Initializer::glorot_uniform) {
    // Keras' compute_fans: the receptive field times the last two axes.
    std::int64_t field = 1;
    for (std::size_t i = 0; i + 2 < shape.size(); ++i) field *= shape[i];
    ParameterSpec spec{
        .name = layer.name + "/" + tensor, .shape = std::move(shape), .trainable = true, .l2 = l2};
    spec.fan_in = field * spec.shape[spec.shape.size() - 2];
    spec.fan_out = field * spec.shape.back();
    spec.initializer = initializer;
    specs.push_back(std::move(spec));
  };
  const auto vector = [&](const char* tensor, std::int64_t size, bool trainable = true) {
    specs.push_back({.name = layer.name + "/" + tensor, .shape = {size}, .trainable = trainable});
  };
  std::visit(
      Overloaded{
          [&](const Conv2d& conv) {
            kernel("kernel", {conv.kernel, conv.kernel, channels, conv.filters}, conv.l2, conv.initializer);
            if (conv.bias) vector("bias", conv.filters);
          },
          [&](const SeparableConv2d& conv) {
            kernel("depthwise_kernel", {conv.kernel, conv.kernel, channels, 1});
            kernel("pointwise_kernel", {1, 1, channels, conv.filters});
            vector("bias", conv.filters);
          },
          [&](const DepthwiseConv2d& conv) {
            kernel("depthwise_kernel", {conv.kernel, conv.kernel, channels, 1}, 0.0F, conv.initializer);
            if (conv.bias) vector("bias", channels);
          },
          [&](const Normalization&) {
            vector("mean", channels, false);
            vector("variance", channels, false);
          },
          [&](const BatchNorm& norm) {
            if (norm.scale) vector("gamma", channels);
            vector("beta", channels);
            vector("moving_mean", channels, false);
            vector("moving_variance", channels, false);
          },
          [&](const Dense& dense) {
            kernel("kernel", {channels, dense.units}, dense.l2);
            vector("bias", dense.units);
          },
          [](const auto&) {},
      },
      layer.kind);
  return specs;
}

void expect_good_name(const Layer& layer, bool taken) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  bool good = !layer.name.empty() && layer.name.size() <= kMaxName;
  for (const char c : layer.name) good = good && allowed(c);
  if (!good) {
    throw Error(
        ExitCode::bad_data,
        "a layer's name is empty, too long or has other characters than letters, digits, '_', '-', '.'");
  }
  if (taken) {
    throw Error(ExitCode::bad_data, "layer '" + layer.name + "' occurs twice, expected unique names" +
                                        (layer.name == kNetworkInput ? " ('input' is the network's)" : ""));
  }
}

std::vector<FeatureShape> shapes_at(const std::vector<int>& layers, const std::vector<FeatureShape>& shapes,
                                    const FeatureShape& input) {
  std::vector<FeatureShape> result;
  for (const int layer : layers)
    result.push_back(layer < 0 ? input : shapes[static_cast<std::size_t>(layer)]);
  return result;
}

// What no later layer reads would be computed, and trained, for nothing.
void refuse_unused(const Architecture& architecture, const std::vector<std::vector<int>>& inputs) {
  const std::vector<int> readers = reader_counts(inputs);
  for (std::size_t i = 0; i + 1 < inputs.size(); ++i) {
    if (readers[i] > 0) continue;
    throw Error(ExitCode::bad_data, "layer '" + architecture.layers[i].name +
                                        "': no later layer reads it, expected one that does");
  }
}

std::int64_t elements(const std::vector<std::int64_t>& shape) {
  std::int64_t product = 1;  // at most 31 * 31 * 2^32: no overflow
  for (const std::int64_t size : shape) product *= size;
  return product;
}

}  // namespace

std::vector<FeatureShape> output_shapes(const Architecture& architecture) {
  std::vector<FeatureShape> shapes = shapes_so_far(architecture);
  refuse_unused(architecture, layer_inputs(architecture));
  return shapes;
}

std::vector<FeatureShape> shapes_so_far(const Architecture& architecture) {
  const FeatureShape& input = architecture.input;
  const auto side_fits = [](int side) { return side >= 1 && side <= kMaxSide; };
  if (!side_fits(input.height) || !side_fits(input.width) || input.channels < 1 ||
      input.channels > kMaxChannels ||
      std::int64_t{input.height} * input.width * input.channels > kMaxActivation) {
    throw Error(ExitCode::bad_data, "architecture: input is " + std::to_string(input.height) + " x " +
                                        std::to_string(input.width) + " x " + std::to_string(input.channels) +
                                        ", expected sides of 1 to 4096 and at most 2^25 values");
  }
  if (architecture.layers.empty() || architecture.layers.size() > kMaxLayers) {
    throw Error(ExitCode::bad_data, "architecture: " + std::to_string(architecture.layers.size()) +
                                        " layers, expected 1 to " + std::to_string(kMaxLayers));
  }

  std::vector<FeatureShape> shapes;
  shapes.reserve(architecture.layers.size());
  const std::vector<std::vector<int>> inputs = layer_inputs(architecture);
  std::int64_t parameters = 0;
  for (std::size_t i = 0; i < architecture.layers.size(); ++i) {
    const Layer& layer = architecture.layers[i];
    const std::vector<FeatureShape> in = shapes_at(inputs[i], shapes, input);
    const FeatureShape out = shape_after(layer, in);
    const std::int64_t values = std::int64_t{out.height} * out.width * out.channels;
    if (values > kMaxActivation)
      refuse(layer, "its output's size", static_cast<double>(values), "at most 2^25 values");
    for (const ParameterSpec& spec : specs_of(layer, in.front())) parameters += elements(spec.shape);
    if (parameters > kMaxParameters) {
      refuse(layer, "the number of parameters up to it", static_cast<double>(parameters), "at most 2^26");
    }
    shapes.push_back(out);
  }
  return shapes;
}

std::vector<std::vector<int>> layer_inputs(const Architecture& architecture) {
  std::map<std::string, int> index = {{kNetworkInput, -1}};
  std::vector<std::vector<int>> result;
  for (const Layer& layer : architecture.layers) {
    const int own = static_cast<int>(result.size());
    std::vector<int>& inputs = result.emplace_back();
    for (const std::string& name : layer.inputs) {
      const auto found = index.find(name);
      if (found == index.end()) {
        throw Error(ExitCode::bad_data, "layer '" + layer.name + "': its input '" + name +
                                            "' is not an earlier layer, expected the name of one, or '" +
                                            kNetworkInput + "'");
      }
      inputs.push_back(found->second);
    }
    if (inputs.empty()) inputs.push_back(own - 1);
    expect_good_name(layer, index.contains(layer.name));
    index.emplace(layer.name, own);
  }
  return result;
}

std::vector<int> reader_counts(const std::vector<std::vector<int>>& inputs) {
  std::vector<int> counts(inputs.size(), 0);
  for (const std::vector<int>& own : inputs) {
    for (const int input : own) {
      if (input >= 0) ++counts[static_cast<std::size_t>(input)];
    }
  }
  return counts;
}

std::vector<ParameterSpec> parameter_specs(const Architecture& architecture) {
  const std::vector<FeatureShape> shapes = output_shapes(architecture);
  const std::vector<std::vector<int>> inputs = layer_inputs(architecture);
  std::vector<ParameterSpec> specs;
  for (std::size_t i = 0; i < architecture.layers.size(); ++i) {
    const FeatureShape in = shapes_at(inputs[i], shapes, architecture.input).front();
    for (ParameterSpec& spec : specs_of(architecture.layers[i], in)) {
      spec.layer = i;
      specs.push_back(std::move(spec));
    }
  }
  return specs;
}

int class_count(const Architecture& architecture) {
  const FeatureShape logits = output_shapes(architecture).back();
  if (!is_flat(logits)) {
    refuse(architecture.layers.back(), "its output's height x width",
           logits.height * static_cast<double>(logits.width), "1 (the last layer gives the logits)");
  }
  return logits.channels;
}

std::int64_t parameter_count(const Architecture& architecture) {
  std::int64_t count = 0;
  for (const ParameterSpec& spec : parameter_specs(architecture)) count += elements(spec.shape);
  return count;
}

}  // namespace earshot
