#include "nn/model/BuiltInArchitectures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

// A Keras Sequential: each kind of layer is numbered by itself, conv2d, conv2d_1, ...
class Sequential {
 public:
  void add(const std::string& base, LayerKind kind) {
    const int earlier = count_[base]++;
    layers_.push_back({earlier == 0 ? base : base + "_" + std::to_string(earlier), std::move(kind)});
  }
  // Keras' activation="relu" of the layer before.
  void add_relu() { layers_.push_back({layers_.back().name + "_relu", Activation{}}); }

  std::vector<Layer> take() { return std::move(layers_); }

 private:
  std::vector<Layer> layers_;
  std::map<std::string, int> count_;
};

// One row of Tan and Le 2019, table 1 (MBConv stages), as Keras' DEFAULT_BLOCKS_ARGS lists them.
struct Stage {
  int kernel;
  int repeats;
  int filters_in;
  int filters_out;
  int expand;
  int stride;
};
constexpr std::array<Stage, 7> kStages = {{{3, 1, 32, 16, 1, 1},
                                           {3, 2, 16, 24, 6, 2},
                                           {5, 2, 24, 40, 6, 2},
                                           {3, 3, 40, 80, 6, 2},
                                           {5, 3, 80, 112, 6, 1},
                                           {5, 4, 112, 192, 6, 2},
                                           {3, 1, 192, 320, 6, 1}}};
constexpr int kBlocks = 16;
constexpr float kDropConnectRate = 0.2F;

class EfficientNet {
 public:
  explicit EfficientNet(int side) : side_(side) {}

  void add(const std::string& name, LayerKind kind, std::vector<std::string> inputs = {}) {
    layers_.push_back({name, std::move(kind), std::move(inputs)});
  }
  void normalise(const std::string& name) { add(name, BatchNorm{}); }
  void swish(const std::string& name) { add(name, Activation{Activation::Function::swish}); }

  // Keras' correct_pad: what its stride-2 layers are padded by before a 'valid' convolution.
  void pad(const std::string& name, int kernel) {
    const int half = kernel / 2;
    const int before = half - (1 - side_ % 2);
    add(name, ZeroPadding2d{.top = before, .bottom = half, .left = before, .right = half});
    side_ = (side_ + before + half - kernel) / 2 + 1;
  }

  static Conv2d convolution(int filters, int kernel, int stride = 1, bool bias = false) {
    return {.filters = filters,
            .kernel = kernel,
            .stride = stride,
            .padding = stride == 1 ? Padding::same : Padding::valid,
            .bias = bias,
            .initializer = Initializer::he_fan_out};
  }

  // Mobile inverted bottleneck (Sandler et al. 2018) with squeeze-and-excite (Hu et al. 2018).
  void block(const std::string& name, const Stage& stage, int filters_in, int stride, float drop_rate) {
    const std::string input = layers_.back().name;
    const int wide = filters_in * stage.expand;
    if (stage.expand != 1) {
      add(name + "expand_conv", convolution(wide, 1));
      normalise(name + "expand_bn");
      swish(name + "expand_activation");
    }
    if (stride == 2) pad(name + "dwconv_pad", stage.kernel);
    add(name + "dwconv", DepthwiseConv2d{.kernel = stage.kernel,
                                         .stride = stride,
                                         .padding = stride == 2 ? Padding::valid : Padding::same,
                                         .bias = false,
                                         .initializer = Initializer::he_fan_out});
    normalise(name + "bn");
    swish(name + "activation");

    add(name + "se_squeeze", GlobalAveragePool2d{});
    add(name + "se_reduce", convolution(std::max(1, filters_in / 4), 1, 1, true));
    swish(name + "se_reduce_swish");
    add(name + "se_expand", convolution(wide, 1, 1, true));
    add(name + "se_expand_sigmoid", Activation{Activation::Function::sigmoid});
    add(name + "se_excite", Multiply{}, {name + "activation", name + "se_expand_sigmoid"});

    add(name + "project_conv", convolution(stage.filters_out, 1));
    normalise(name + "project_bn");
    if (stride != 1 || filters_in != stage.filters_out) return;
    if (drop_rate > 0.0F) add(name + "drop", Dropout{.rate = drop_rate, .whole_sample = true});
    add(name + "add", Add{}, {layers_.back().name, input});
  }

  std::vector<Layer> take() { return std::move(layers_); }

 private:
  int side_;
  std::vector<Layer> layers_;
};

}  // namespace

Architecture v6_architecture(int classes) {
  Sequential net;
  const auto normalise_and_activate = [&net] {
    net.add("batch_normalization", BatchNorm{});
    net.add("leaky_re_lu", LeakyRelu{.slope = 0.1F});
  };
  const auto conv = [&](int filters) {
    net.add("conv2d", Conv2d{.filters = filters});
    normalise_and_activate();
  };
  const auto separable = [&](int filters) {
    net.add("separable_conv2d", SeparableConv2d{.filters = filters});
    normalise_and_activate();
  };
  const auto end_block = [&](float rate) {
    net.add("max_pooling2d", MaxPool2d{});
    net.add("dropout", Dropout{.rate = rate});
  };
  const auto dense = [&](int units, float rate) {
    net.add("dense", Dense{.units = units, .l2 = 0.001F});
    normalise_and_activate();
    net.add("dropout", Dropout{.rate = rate});
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
  net.add("global_average_pooling2d", GlobalAveragePool2d{});
  dense(256, 0.4F);
  dense(64, 0.3F);
  net.add("dense", Dense{.units = classes});
  return {.name = "v6", .input = {256, 256, 1}, .layers = net.take()};
}

Architecture v5_architecture(int classes) {
  Sequential net;
  for (const int filters : {32, 64, 128, 256, 512}) {
    net.add("conv2d", Conv2d{.filters = filters});
    net.add_relu();
    net.add("batch_normalization", BatchNorm{});
    net.add("max_pooling2d", MaxPool2d{});
  }
  net.add("flatten", Flatten{});
  const auto dense = [&](int units, float rate) {
    net.add("dense", Dense{.units = units});
    net.add_relu();
    net.add("dropout", Dropout{.rate = rate});
  };
  dense(128, 0.25F);
  dense(32, 0.3F);
  net.add("dense", Dense{.units = classes});
  return {.name = "v5", .input = {256, 256, 1}, .layers = net.take()};
}

Architecture efficientnet_b0_architecture(int classes, int side, bool imagenet_rescaling) {
  EfficientNet net(side);
  net.add("rescaling", Rescaling{.scale = {1.0F / 255.0F}});
  net.add("normalization", Normalization{});
  if (imagenet_rescaling) {
    std::vector<float> scale;
    for (const double deviation : {0.229, 0.224, 0.225}) {
      scale.push_back(static_cast<float>(1.0 / std::sqrt(deviation)));
    }
    net.add("rescaling_1", Rescaling{.scale = scale});
  }
  net.pad("stem_conv_pad", 3);
  net.add("stem_conv", EfficientNet::convolution(32, 3, 2));
  net.normalise("stem_bn");
  net.swish("stem_activation");
  int done = 0;
  for (std::size_t s = 0; s < kStages.size(); ++s) {
    const Stage& stage = kStages[s];
    for (int repeat = 0; repeat < stage.repeats; ++repeat) {
      const std::string name =
          "block" + std::to_string(s + 1) + static_cast<char>('a' + repeat) + std::string("_");
      const float drop_rate = kDropConnectRate * static_cast<float>(done++) / kBlocks;
      net.block(name, stage, repeat == 0 ? stage.filters_in : stage.filters_out,
                repeat == 0 ? stage.stride : 1, drop_rate);
    }
  }
  net.add("top_conv", EfficientNet::convolution(1280, 1));
  net.normalise("top_bn");
  net.swish("top_activation");
  net.add("global_average_pooling2d", GlobalAveragePool2d{});
  net.add("dropout", Dropout{.rate = 0.2F});
  net.add("dense", Dense{.units = classes});
  return {.name = "efficientnet_b0", .input = {side, side, 3}, .layers = net.take()};
}

Architecture yamnet_architecture(int classes) {
  std::vector<Layer> layers;
  const auto normalise_and_activate = [&layers](std::string name) {  // its own: layers move
    layers.push_back({name + "_bn", BatchNorm{.epsilon = 1e-4F, .scale = false}});
    layers.push_back({name + "_relu", Activation{}});
  };
  layers.push_back({"layer1_conv", Conv2d{.filters = 32, .stride = 2, .bias = false}});
  normalise_and_activate("layer1_conv");
  int number = 2;
  const auto separable = [&](int stride, int filters) {
    const std::string name = "layer" + std::to_string(number++);
    layers.push_back({name + "_depthwise_conv", DepthwiseConv2d{.stride = stride, .bias = false}});
    normalise_and_activate(layers.back().name);
    layers.push_back({name + "_pointwise_conv", Conv2d{.filters = filters, .kernel = 1, .bias = false}});
    normalise_and_activate(layers.back().name);
  };
  separable(1, 64);
  separable(2, 128);
  separable(1, 128);
  separable(2, 256);
  separable(1, 256);
  separable(2, 512);
  for (int i = 0; i < 5; ++i) separable(1, 512);
  separable(2, 1024);
  separable(1, 1024);
  layers.push_back({"global_average_pooling2d", GlobalAveragePool2d{}});
  layers.push_back({"dense", Dense{.units = classes}});
  return {.name = "yamnet", .input = {96, 64, 1}, .layers = std::move(layers), .scores = Scores::sigmoid};
}

std::vector<std::string> built_in_names() {
  return {"v6", "v5", "efficientnet_b0", "yamnet"};
}

Architecture built_in_architecture(const std::string& name, int classes) {
  if (name == "v6") return v6_architecture(classes);
  if (name == "v5") return v5_architecture(classes);
  if (name == "efficientnet_b0") return efficientnet_b0_architecture(classes);
  if (name == "yamnet") return yamnet_architecture(classes);
  throw Error(ExitCode::usage,
              "architecture: found '" + name + "', expected v6, v5, efficientnet_b0 or yamnet");
}

}  // namespace earshot
