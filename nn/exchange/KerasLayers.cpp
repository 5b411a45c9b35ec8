#include "nn/exchange/KerasLayers.h"

#include <map>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr int kImageRank = 4;
constexpr int kFlatRank = 2;

std::string text_of(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::object* object_of(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

void expect_image(const KerasConfig& config, int rank) {
  if (rank != kImageRank) config.refuse("its input is flat, expected height, width and channels");
  config.expect_text("data_format", "channels_last", "channels_last");
}

// What has no counterpart in training here is told, not refused: scores do not depend on it.
void note_training_only(const KerasConfig& config, std::initializer_list<const char*> keys,
                        KerasReading& reading) {
  for (const char* key : keys) {
    if (config.find(key)) {
      reading.notes.push_back("layer '" + config.name() + "': its " + key + " is not taken over");
    }
  }
}

// L2's factor, the only regularizer that training here knows.
float kernel_l2(const KerasConfig& config, KerasReading& reading) {
  const json::value* value = config.find("kernel_regularizer");
  if (!value) return 0.0F;
  const json::object* regularizer = value->if_object();
  const json::object* fields = regularizer ? object_of(*regularizer, "config") : nullptr;
  if (fields) {
    const KerasConfig inner(config.class_name(), config.name(), *fields);
    const std::string kind = text_of(*regularizer, "class_name");
    if (kind == "L2" || (kind == "L1L2" && inner.number("l1", 0.0) == 0.0)) {
      return static_cast<float>(inner.number("l2", 0.01));  // Keras' default
    }
  }
  note_training_only(config, {"kernel_regularizer"}, reading);
  return 0.0F;
}

// Of a training that starts anew with the same network: GlorotUniform, unless it is what EfficientNets have.
Initializer initializer_of(const KerasConfig& config, const char* key) {
  const json::value* value = config.find(key);
  const json::object* initializer = value ? value->if_object() : nullptr;
  const json::object* fields = initializer ? object_of(*initializer, "config") : nullptr;
  if (!fields || text_of(*initializer, "class_name") != "VarianceScaling") return Initializer::glorot_uniform;
  const KerasConfig inner(config.class_name(), config.name(), *fields);
  const bool he = inner.number("scale", 1.0) == 2.0 && inner.text("mode", "fan_in") == "fan_out" &&
                  inner.text("distribution", "truncated_normal") == "truncated_normal";
  return he ? Initializer::he_fan_out : Initializer::glorot_uniform;
}

void append_activation(const KerasConfig& config, const std::string& function, KerasReading& reading) {
  if (function == "linear") return;
  if (function == "softmax") {
    reading.softmax = true;
  } else if (function == "relu") {
    reading.parts.push_back({"_relu", Activation{Activation::Function::relu}});
  } else if (function == "sigmoid") {
    reading.parts.push_back({"_sigmoid", Activation{Activation::Function::sigmoid}});
  } else if (function == "swish" || function == "silu") {
    reading.parts.push_back({"_swish", Activation{Activation::Function::swish}});
  } else if (function == "leaky_relu") {
    reading.parts.push_back({"_leaky_re_lu", LeakyRelu{.slope = 0.2F}});  // keras.activations.leaky_relu
  } else {
    config.refuse("activation", "linear, relu, leaky_relu, swish (silu), sigmoid or softmax");
  }
}

void append_relu(const KerasConfig& config, KerasReading& reading) {
  if (config.find("max_value")) config.refuse("max_value", "null");
  config.expect_number("threshold", 0.0, 0.0);
  const double slope = config.number("negative_slope", 0.0);
  if (slope == 0.0) {
    reading.parts.push_back({"", Activation{Activation::Function::relu}});
  } else {
    reading.parts.push_back({"", LeakyRelu{.slope = static_cast<float>(slope)}});
  }
}

void append_leaky_relu(const KerasConfig& config, KerasReading& reading) {
  const double alpha = config.number("alpha", 0.3);  // Keras 2's name for it; 0.3 is the default of both
  reading.parts.push_back(
      {"", LeakyRelu{.slope = static_cast<float>(config.number("negative_slope", alpha))}});
}

// A function's name, a function as an object, or a layer in its place.
void append_activation(const KerasConfig& config, KerasReading& reading) {
  const json::value* value = config.find("activation");
  if (!value) return;
  if (value->is_string()) return append_activation(config, std::string(value->get_string()), reading);
  const json::object* object = value->if_object();
  const std::string kind = object ? text_of(*object, "class_name") : std::string();
  if (kind == "function") return append_activation(config, text_of(*object, "config"), reading);
  const json::object* fields = object ? object_of(*object, "config") : nullptr;
  if (!fields || (kind != "LeakyReLU" && kind != "ReLU")) config.refuse("activation", "a known function");
  KerasReading activation;
  const KerasConfig inner(kind, config.name(), *fields);
  if (kind == "ReLU") {
    append_relu(inner, activation);
  } else {
    append_leaky_relu(inner, activation);
  }
  KerasPart& part = activation.parts.front();
  part.suffix = std::holds_alternative<LeakyRelu>(part.kind) ? "_leaky_re_lu" : "_relu";
  reading.parts.push_back(std::move(part));
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
                                      .l2 = kernel_l2(config, reading),
                                      .initializer = initializer_of(config, "kernel_initializer")}});
  note_training_only(
      config, {"bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"}, reading);
  append_activation(config, reading);
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
      reading);
  append_activation(config, reading);
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
                     reading);
  append_activation(config, reading);
}

void read_dense(const KerasConfig& config, int rank, KerasReading& reading) {
  if (!config.boolean("use_bias", true)) config.refuse("use_bias", "true");
  if (config.find("lora_rank")) config.refuse("lora_rank", "null");
  reading.parts.push_back({"", Dense{.units = config.integer("units"), .l2 = kernel_l2(config, reading)}});
  note_training_only(
      config, {"bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"}, reading);
  reading.rank = rank;
  append_activation(config, reading);
}

void read_batch_norm(const KerasConfig& config, int rank, KerasReading& reading) {
  config.expect_last_axis(rank);
  if (!config.boolean("center", true)) config.refuse("center", "true");
  reading.parts.push_back({"", BatchNorm{.momentum = static_cast<float>(config.number("momentum", 0.99)),
                                         .epsilon = static_cast<float>(config.number("epsilon", 1e-3)),
                                         .scale = config.boolean("scale", true)}});
  note_training_only(config, {"beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"},
                     reading);
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
  append_activation(config, reading);
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

using Reader = void (*)(const KerasConfig&, int, KerasReading&);

const std::map<std::string_view, Reader>& readers() {
  static const std::map<std::string_view, Reader> table = {
      {"Activation", read_activation},
      {"BatchNormalization", read_batch_norm},
      {"Conv2D", read_conv2d},
      {"Dense", read_dense},
      {"DepthwiseConv2D", read_depthwise},
      {"Dropout", read_dropout},
      {"Flatten", read_flatten},
      {"GlobalAveragePooling2D", read_global_pool},
      {"LeakyReLU",
       [](const KerasConfig& config, int, KerasReading& out) { append_leaky_relu(config, out); }},
      {"MaxPooling2D", read_max_pool},
      {"Normalization", read_normalization},
      {"ReLU", [](const KerasConfig& config, int, KerasReading& out) { append_relu(config, out); }},
      {"Rescaling", read_rescaling},
      {"Reshape", read_reshape},
      {"SeparableConv2D", read_separable},
      {"Softmax", read_softmax},
      {"ZeroPadding2D", read_zero_padding},
  };
  return table;
}

}  // namespace

bool is_supported_keras_layer(std::string_view class_name) {
  return readers().contains(class_name);
}

std::string supported_keras_layers() {
  std::string names = "Add, Functional, InputLayer, Multiply, Sequential";
  for (const auto& [name, reader] : readers()) names += ", " + std::string(name);
  return names;
}

KerasReading read_keras_layer(const KerasConfig& config, int rank) {
  KerasReading reading;
  reading.rank = rank;
  readers().at(config.class_name())(config, rank, reading);
  return reading;
}

}  // namespace earshot
