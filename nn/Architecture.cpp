#include "nn/Architecture.h"

#include <cstddef>
#include <set>
#include <sstream>
#include <utility>

#include "dsp/Error.h"

namespace earshot {
namespace {

// Far above what a real-time classifier wants, far below what would hurt a machine.
constexpr std::size_t kMaxLayers = 1024;
constexpr std::size_t kMaxName = 128;
constexpr int kMaxSide = 4096;
constexpr int kMaxChannels = 65536;
constexpr int kMaxKernel = 31;
constexpr std::int64_t kMaxActivation = std::int64_t{1} << 25;  // floats of one layer's output
constexpr std::int64_t kMaxParameters = std::int64_t{1} << 26;  // floats of the whole network

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

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

FeatureShape shape_after(const Layer& layer, const FeatureShape& in) {
  return std::visit(
      Overloaded{
          [&](const Conv2d& conv) {
            expect_range(layer, "filters", conv.filters, 1, kMaxChannels);
            expect_range(layer, "kernel", conv.kernel, 1, kMaxKernel);
            return FeatureShape{in.height, in.width, conv.filters};
          },
          [&](const SeparableConv2d& conv) {
            expect_range(layer, "filters", conv.filters, 1, kMaxChannels);
            expect_range(layer, "kernel", conv.kernel, 1, kMaxKernel);
            return FeatureShape{in.height, in.width, conv.filters};
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
            expect_fraction(layer, "l2", dense.l2, dense.l2 >= 0.0F && dense.l2 <= 1000.0F, "0 to 1000");
            if (!is_flat(in)) {
              refuse(layer, "its input's height x width", in.height * static_cast<double>(in.width),
                     "1 (flat)");
            }
            return FeatureShape{1, 1, dense.units};
          },
      },
      layer.kind);
}

// What one layer owns, in Keras' order. `in` is the shape it receives.
std::vector<ParameterSpec> specs_of(const Layer& layer, const FeatureShape& in) {
  std::vector<ParameterSpec> specs;
  const std::int64_t channels = in.channels;
  const auto kernel = [&](const char* tensor, std::vector<std::int64_t> shape, float l2 = 0.0F) {
    // Keras' compute_fans: the receptive field times the last two axes.
    std::int64_t field = 1;
    for (std::size_t i = 0; i + 2 < shape.size(); ++i) field *= shape[i];
    ParameterSpec spec{
        .name = layer.name + "/" + tensor, .shape = std::move(shape), .trainable = true, .l2 = l2};
    spec.fan_in = field * spec.shape[spec.shape.size() - 2];
    spec.fan_out = field * spec.shape.back();
    specs.push_back(std::move(spec));
  };
  const auto vector = [&](const char* tensor, std::int64_t size, bool trainable = true) {
    specs.push_back({.name = layer.name + "/" + tensor, .shape = {size}, .trainable = trainable});
  };
  std::visit(Overloaded{
                 [&](const Conv2d& conv) {
                   kernel("kernel", {conv.kernel, conv.kernel, channels, conv.filters});
                   vector("bias", conv.filters);
                 },
                 [&](const SeparableConv2d& conv) {
                   kernel("depthwise_kernel", {conv.kernel, conv.kernel, channels, 1});
                   kernel("pointwise_kernel", {1, 1, channels, conv.filters});
                   vector("bias", conv.filters);
                 },
                 [&](const BatchNorm&) {
                   vector("gamma", channels);
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

void expect_good_name(const Layer& layer, std::set<std::string>& seen) {
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
  if (!seen.insert(layer.name).second) {
    throw Error(ExitCode::bad_data, "layer '" + layer.name + "' occurs twice, expected unique names");
  }
}

std::int64_t elements(const std::vector<std::int64_t>& shape) {
  std::int64_t product = 1;  // at most 31 * 31 * 2^32: no overflow
  for (const std::int64_t size : shape) product *= size;
  return product;
}

}  // namespace

Architecture v6_architecture(int classes) {
  std::vector<Layer> layers;
  // Keras numbers each kind by itself: conv2d, conv2d_1, ...
  const auto add = [&layers](const std::string& base, LayerKind kind) {
    std::size_t earlier = 0;
    for (const Layer& layer : layers) earlier += layer.kind.index() == kind.index() ? 1U : 0U;
    layers.push_back({earlier == 0 ? base : base + "_" + std::to_string(earlier), std::move(kind)});
  };
  const auto normalise_and_activate = [&add] {
    add("batch_normalization", BatchNorm{});
    add("leaky_re_lu", LeakyRelu{.slope = 0.1F});
  };
  const auto conv = [&](int filters) {
    add("conv2d", Conv2d{.filters = filters});
    normalise_and_activate();
  };
  const auto separable = [&](int filters) {
    add("separable_conv2d", SeparableConv2d{.filters = filters});
    normalise_and_activate();
  };
  const auto end_block = [&](float rate) {
    add("max_pooling2d", MaxPool2d{});
    add("dropout", Dropout{.rate = rate});
  };
  const auto dense = [&](int units, float rate) {
    add("dense", Dense{.units = units, .l2 = 0.001F});
    normalise_and_activate();
    add("dropout", Dropout{.rate = rate});
  };

  conv(32);
  conv(32);
  end_block(0.1F);
  conv(64);
  conv(64);
  end_block(0.15F);
  separable(128);
  separable(128);
  end_block(0.2F);
  separable(256);
  end_block(0.25F);
  add("global_average_pooling2d", GlobalAveragePool2d{});
  dense(256, 0.4F);
  dense(64, 0.3F);
  add("dense", Dense{.units = classes});
  return {.name = "v6", .input = {256, 256, 1}, .layers = std::move(layers)};
}

std::vector<FeatureShape> output_shapes(const Architecture& architecture) {
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
  std::set<std::string> names;
  std::int64_t parameters = 0;
  FeatureShape shape = input;
  for (const Layer& layer : architecture.layers) {
    expect_good_name(layer, names);
    const FeatureShape out = shape_after(layer, shape);
    const std::int64_t values = std::int64_t{out.height} * out.width * out.channels;
    if (values > kMaxActivation)
      refuse(layer, "its output's size", static_cast<double>(values), "at most 2^25 values");
    for (const ParameterSpec& spec : specs_of(layer, shape)) parameters += elements(spec.shape);
    if (parameters > kMaxParameters) {
      refuse(layer, "the number of parameters up to it", static_cast<double>(parameters), "at most 2^26");
    }
    shape = out;
    shapes.push_back(shape);
  }
  return shapes;
}

std::vector<ParameterSpec> parameter_specs(const Architecture& architecture) {
  const std::vector<FeatureShape> shapes = output_shapes(architecture);
  std::vector<ParameterSpec> specs;
  for (std::size_t i = 0; i < architecture.layers.size(); ++i) {
    for (ParameterSpec& spec :
         specs_of(architecture.layers[i], i == 0 ? architecture.input : shapes[i - 1])) {
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

}  // namespace earshot
