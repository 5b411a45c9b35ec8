#include "nn/exchange/KerasLayers.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <type_traits>
#include <utility>

#include "nn/exchange/KerasActivation.h"
#include "nn/exchange/KerasTraining.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr int kImageRank = 4;
constexpr int kFlatRank = 2;

void expect_image(const KerasConfig& config, int rank) {
  if (rank != kImageRank) config.refuse("its input is flat, expected height, width and channels");
  config.expect_text("data_format", "channels_last", "channels_last");
}

Padding padding_of(const KerasConfig& config) {
  const std::string padding = config.text("padding", "valid");
  if (padding != "same" && padding != "valid") config.refuse("padding", "\"same\" or \"valid\"");
  return padding == "same" ? Padding::same : Padding::valid;
}

void expect_plain_convolution(const KerasConfig& config, int rank) {
  expect_image(config, rank);
  if (config.square("dilation_rate", 1) != 1) config.refuse("dilation_rate", "1");
  config.expect_number("groups", 1.0, 1.0);
}

void read_conv2d(const KerasConfig& config, int rank, KerasReading& reading) {
  expect_plain_convolution(config, rank);
  reading.parts.push_back({"", Conv2d{.filters = config.integer("filters"),
                                      .kernel = config.square("kernel_size"),
                                      .stride = config.square("strides", 1),
                                      .padding = padding_of(config),
                                      .bias = config.boolean("use_bias", true),
                                      .l2 = kernel_l2(config, reading.notes),
                                      .initializer = initializer_of(config, "kernel_initializer")}});
  note_training_only(config,
                     {"bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"},
                     reading.notes);
  append_keras_activation(config, reading);
}

void read_separable(const KerasConfig& config, int rank, KerasReading& reading) {
  expect_plain_convolution(config, rank);
  config.expect_number("depth_multiplier", 1.0, 1.0);
  if (padding_of(config) != Padding::same) config.refuse("padding", "\"same\"");
  if (!config.boolean("use_bias", true)) config.refuse("use_bias", "true");
  reading.parts.push_back({"", SeparableConv2d{.filters = config.integer("filters"),
                                               .kernel = config.square("kernel_size"),
                                               .stride = config.square("strides", 1)}});
  note_training_only(
      config,
      {"depthwise_regularizer", "pointwise_regularizer", "bias_regularizer", "activity_regularizer",
       "depthwise_constraint", "pointwise_constraint", "bias_constraint"},
      reading.notes);
  append_keras_activation(config, reading);
}

void read_depthwise(const KerasConfig& config, int rank, KerasReading& reading) {
  expect_plain_convolution(config, rank);
  config.expect_number("depth_multiplier", 1.0, 1.0);
  reading.parts.push_back(
      {"", DepthwiseConv2d{.kernel = config.square("kernel_size"),
                           .stride = config.square("strides", 1),
                           .padding = padding_of(config),
                           .bias = config.boolean("use_bias", true),
                           .initializer = initializer_of(config, "depthwise_initializer")}});
  note_training_only(config,
                     {"depthwise_regularizer", "bias_regularizer", "activity_regularizer",
                      "depthwise_constraint", "bias_constraint"},
                     reading.notes);
  append_keras_activation(config, reading);
}

void read_dense(const KerasConfig& config, int rank, KerasReading& reading) {
  if (!config.boolean("use_bias", true)) config.refuse("use_bias", "true");
  if (config.find("lora_rank")) config.refuse("lora_rank", "null");
  reading.parts.push_back(
      {"", Dense{.units = config.integer("units"), .l2 = kernel_l2(config, reading.notes)}});
  note_training_only(config,
                     {"bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"},
                     reading.notes);
  reading.rank = rank;
  append_keras_activation(config, reading);
}

void read_batch_norm(const KerasConfig& config, int rank, KerasReading& reading) {
  config.expect_last_axis(rank);
  if (!config.boolean("center", true)) config.refuse("center", "true");
  reading.parts.push_back({"", BatchNorm{.momentum = static_cast<float>(config.number("momentum", 0.99)),
                                         .epsilon = static_cast<float>(config.number("epsilon", 1e-3)),
                                         .scale = config.boolean("scale", true)}});
  note_training_only(config, {"beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"},
                     reading.notes);
}

void read_max_pool(const KerasConfig& config, int rank, KerasReading& reading) {
  expect_image(config, rank);
  const int size = config.square("pool_size", 2);
  if (config.square("strides", size) != size) config.refuse("strides", "those of its pool_size");
  if (padding_of(config) != Padding::valid) config.refuse("padding", "\"valid\"");
  reading.parts.push_back({"", MaxPool2d{.size = size}});
}

// One mask value for the whole sample, (null, 1, 1, 1), is stochastic depth (Huang et al. 2016).
void read_dropout(const KerasConfig& config, int, KerasReading& reading) {
  Dropout dropout{.rate = static_cast<float>(config.number("rate", 0.0))};
  if (const json::value* noise = config.find("noise_shape")) {
    const json::array* sizes = noise->if_array();
    bool whole = sizes && !sizes->empty() && !(*sizes)[0].is_number();
    for (std::size_t i = 1; whole && i < sizes->size(); ++i) whole = (*sizes)[i] == 1;
    if (!whole) config.refuse("noise_shape", "null or [null,1,1,1]");
    dropout.whole_sample = true;
  }
  reading.parts.push_back({"", dropout});
}

void read_global_pool(const KerasConfig& config, int rank, KerasReading& reading) {
  expect_image(config, rank);
  reading.parts.push_back({"", GlobalAveragePool2d{}});
  reading.rank = config.boolean("keepdims", false) ? kImageRank : kFlatRank;
}

void read_flatten(const KerasConfig& config, int, KerasReading& reading) {
  config.expect_text("data_format", "channels_last", "channels_last");
  reading.parts.push_back({"", Flatten{}});
  reading.rank = kFlatRank;
}

// Two shapes only: flat values as one pixel's channels (squeeze and excite), and Flatten in other words.
void read_reshape(const KerasConfig& config, int rank, KerasReading& reading) {
  const json::value* value = config.find("target_shape");
  const json::array* shape = value ? value->if_array() : nullptr;
  if (shape && shape->size() == 3 && (*shape)[0] == 1 && (*shape)[1] == 1 && rank == kFlatRank) {
    reading.rank = kImageRank;
  } else if (shape && shape->size() == 1) {
    if (rank == kImageRank) reading.parts.push_back({"", Flatten{}});
    reading.rank = kFlatRank;
  } else {
    config.refuse("target_shape", "[1,1,channels] after a flat layer, or [values]");
  }
}

void read_zero_padding(const KerasConfig& config, int rank, KerasReading& reading) {
  expect_image(config, rank);
  int sides[4] = {1, 1, 1, 1};  // top, bottom, left, right; Keras' default
  const json::value* value = config.find("padding");
  const auto whole = [&](const json::value& one) {
    if (!one.is_int64() || one.get_int64() < 0 || one.get_int64() > 1024) {
      config.refuse("padding", "n, [n,n] or [[top,bottom],[left,right]], each 0 to 1024");
    }
    return static_cast<int>(one.get_int64());
  };
  if (value && !value->is_array()) {
    for (int& side : sides) side = whole(*value);
  } else if (value) {
    const json::array& pairs = value->get_array();
    if (pairs.size() != 2) config.refuse("padding", "n, [n,n] or [[top,bottom],[left,right]]");
    for (std::size_t i = 0; i < 2; ++i) {
      const json::array* pair = pairs[i].if_array();
      if (pair && pair->size() != 2) config.refuse("padding", "n, [n,n] or [[top,bottom],[left,right]]");
      sides[2 * i] = whole(pair ? (*pair)[0] : pairs[i]);
      sides[2 * i + 1] = whole(pair ? (*pair)[1] : pairs[i]);
    }
  }
  reading.parts.push_back(
      {"", ZeroPadding2d{.top = sides[0], .bottom = sides[1], .left = sides[2], .right = sides[3]}});
}

void read_activation(const KerasConfig& config, int, KerasReading& reading) {
  append_keras_activation(config, reading);
  if (reading.parts.empty() && !reading.softmax) {
    reading.notes.push_back("layer '" + config.name() + "' (Activation): is linear and left out");
  }
  for (KerasPart& part : reading.parts) part.suffix.clear();
}

void read_softmax(const KerasConfig& config, int rank, KerasReading& reading) {
  config.expect_last_axis(rank);
  reading.softmax = true;
}

void read_rescaling(const KerasConfig& config, int, KerasReading& reading) {
  const std::vector<float> offsets =
      config.find("offset") ? config.numbers("offset") : std::vector<float>{0.0F};
  for (const float offset : offsets) {
    if (offset != offsets.front()) config.refuse("offset", "one number for all channels");
  }
  if (offsets.empty()) config.refuse("offset", "a number");
  reading.parts.push_back({"", Rescaling{.scale = config.numbers("scale"), .offset = offsets.front()}});
}

// Mean and variance are tensors of the file, unless they were given with the layer.
void read_normalization(const KerasConfig& config, int rank, KerasReading& reading) {
  config.expect_last_axis(rank);
  if (config.boolean("invert", false)) config.refuse("invert", "false");
  reading.parts.push_back({"", Normalization{}});
  if (!config.find("mean") && !config.find("variance")) return;
  for (const char* key : {"mean", "variance"}) {
    std::vector<float> values = config.numbers(key);
    reading.constants[key] = {{static_cast<std::int64_t>(values.size())}, std::move(values)};
  }
}

void read_leaky_relu(const KerasConfig& config, int, KerasReading& reading) {
  reading.parts.push_back({"", keras_leaky_relu(config)});
}

void read_relu(const KerasConfig& config, int, KerasReading& reading) {
  reading.parts.push_back({"", keras_relu(config)});
}

void leave_out(const KerasConfig& config, int, KerasReading& reading) {
  reading.notes.push_back("layer '" + config.name() + "' (" + config.class_name() +
                          "): does nothing in inference and is left out");
}

// Noise, other dropouts than ours, and what Keras changes training pictures with: with training=False their
// output is their input. Neither RandomCrop, which then takes the middle, nor AutoContrast and Equalization
// are among them.
constexpr std::array kIdleInInference = {"ActivityRegularization",
                                         "AlphaDropout",
                                         "AugMix",
                                         "CutMix",
                                         "GaussianDropout",
                                         "GaussianNoise",
                                         "Identity",
                                         "MixUp",
                                         "RandAugment",
                                         "RandomBrightness",
                                         "RandomColorDegeneration",
                                         "RandomColorJitter",
                                         "RandomContrast",
                                         "RandomElasticTransform",
                                         "RandomErasing",
                                         "RandomFlip",
                                         "RandomGaussianBlur",
                                         "RandomGrayscale",
                                         "RandomHeight",
                                         "RandomHue",
                                         "RandomInvert",
                                         "RandomPerspective",
                                         "RandomPosterization",
                                         "RandomRotation",
                                         "RandomSaturation",
                                         "RandomSharpness",
                                         "RandomShear",
                                         "RandomTranslation",
                                         "RandomWidth",
                                         "RandomZoom",
                                         "Solarization",
                                         "SpatialDropout1D",
                                         "SpatialDropout2D",
                                         "SpatialDropout3D"};

using Reader = void (*)(const KerasConfig&, int, KerasReading&);

// The Keras class that becomes a kind of ours, and how; null where KerasGraph joins two inputs.
template <class Kind>
struct Row {
  std::string_view class_name;
  Reader read;
};
// One for each kind: readers() does not compile without.
constexpr std::tuple kRows = {
    Row<Activation>{"Activation", read_activation},
    Row<Add>{"Add", nullptr},
    Row<BatchNorm>{"BatchNormalization", read_batch_norm},
    Row<Conv2d>{"Conv2D", read_conv2d},
    Row<Dense>{"Dense", read_dense},
    Row<DepthwiseConv2d>{"DepthwiseConv2D", read_depthwise},
    Row<Dropout>{"Dropout", read_dropout},
    Row<Flatten>{"Flatten", read_flatten},
    Row<GlobalAveragePool2d>{"GlobalAveragePooling2D", read_global_pool},
    Row<LeakyRelu>{"LeakyReLU", read_leaky_relu},
    Row<MaxPool2d>{"MaxPooling2D", read_max_pool},
    Row<Multiply>{"Multiply", nullptr},
    Row<Normalization>{"Normalization", read_normalization},
    Row<Rescaling>{"Rescaling", read_rescaling},
    Row<SeparableConv2d>{"SeparableConv2D", read_separable},
    Row<ZeroPadding2d>{"ZeroPadding2D", read_zero_padding},
};

const std::map<std::string_view, Reader>& readers() {
  static const std::map<std::string_view, Reader> table = [] {
    // Classes of Keras' without a kind of their own here.
    std::map<std::string_view, Reader> all = {
        {"BatchNormalizationV1", read_batch_norm},  // as TensorFlow 1.13 to 2.0 writes it
        {"BatchNormalizationV2", read_batch_norm},
        {"ReLU", read_relu},
        {"Reshape", read_reshape},
        {"Softmax", read_softmax}};
    const auto add = [&all](const auto& row) {
      if (row.read) all.emplace(row.class_name, row.read);
    };
    [&]<class... Kinds>(std::type_identity<std::variant<Kinds...>>) {
      (add(std::get<Row<Kinds>>(kRows)), ...);
    }(std::type_identity<LayerKind>());
    return all;
  }();
  return table;
}

Reader reader_of(std::string_view class_name) {
  const auto found = readers().find(class_name);
  if (found != readers().end()) return found->second;
  return std::ranges::find(kIdleInInference, class_name) != kIdleInInference.end() ? leave_out : nullptr;
}

}  // namespace

bool is_supported_keras_layer(std::string_view class_name) {
  return reader_of(class_name) != nullptr;
}

std::string supported_keras_layers() {
  std::string names = "Add, Functional, InputLayer, Multiply, Sequential";
  for (const auto& [name, reader] : readers()) names += ", " + std::string(name);
  return names + ", and noise, dropouts and picture augmentations that do nothing in inference";
}

KerasReading read_keras_layer(const KerasConfig& config, int rank) {
  KerasReading reading;
  reading.rank = rank;
  reader_of(config.class_name())(config, rank, reading);
  return reading;
}

}  // namespace earshot
