#include "nn/exchange/KerasClass.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "nn/exchange/KerasConfig.h"

namespace earshot {
namespace {

namespace json = boost::json;

// What get_config writes in any of Keras 2.2.4 to 3.15, TensorFlow's included; words, those of every layer
// first.
constexpr std::string_view kEveryLayer =
    "name trainable dtype dynamic autocast batch_input_shape batch_shape input_shape activity_regularizer";
constexpr std::string_view kModel = "layers input_layers output_layers build_input_shape";
constexpr std::string_view kConvolution =
    "rank kernel_size strides padding data_format dilation_rate groups activation use_bias bias_initializer "
    "bias_regularizer bias_constraint filters kernel_initializer kernel_regularizer kernel_constraint "
    "lora_rank "
    "lora_alpha quantization_config";
// Of each half of a separable convolution.
constexpr std::string_view kDepthwise =
    "depth_multiplier depthwise_initializer depthwise_regularizer depthwise_constraint";
constexpr std::string_view kPointwise = "pointwise_initializer pointwise_regularizer pointwise_constraint";
constexpr std::string_view kBatchNormalization =
    "axis momentum epsilon center scale beta_initializer gamma_initializer moving_mean_initializer "
    "moving_variance_initializer beta_regularizer gamma_regularizer beta_constraint gamma_constraint "
    "synchronized "
    "fused renorm renorm_clipping renorm_momentum virtual_batch_size";
constexpr std::string_view kDropout = "rate seed noise_shape data_format";
constexpr std::string_view kPictureAugmentation =
    "addition_factor all_ops alpha bounding_box_format brightness_factor chain_depth contrast_factor "
    "data_format factor "
    "fill_mode fill_value height height_factor hue_factor interpolation kernel_size mode num_chains num_ops "
    "saturation_factor scale seed sigma threshold_factor value_range width width_factor x_factor y_factor";

using Options = std::vector<std::string_view>;

const Options* options_of(std::string_view class_name) {
  static const std::map<std::string_view, Options> table = {
      {"Activation", {"activation"}},
      {"ActivityRegularization", {"l1 l2"}},
      {"Add", {}},
      {"AlphaDropout", {kDropout}},
      {"BatchNormalization", {kBatchNormalization}},
      {"BatchNormalizationV1", {kBatchNormalization}},
      {"BatchNormalizationV2", {kBatchNormalization}},
      {"Conv2D", {kConvolution}},
      {"Dense",
       {"units activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer "
        "kernel_constraint bias_constraint lora_rank lora_alpha quantization_config"}},
      {"DepthwiseConv2D", {kConvolution, kDepthwise}},
      {"Dropout", {kDropout}},
      {"Flatten", {"data_format"}},
      {"Functional", {kModel}},
      {"GaussianDropout", {kDropout}},
      {"GaussianNoise", {"stddev seed"}},
      {"GlobalAveragePooling2D", {"data_format keepdims"}},
      {"Identity", {}},
      {"InputLayer", {"sparse ragged type_spec optional"}},
      {"L1L2", {"l1 l2"}},
      {"L2", {"l2"}},
      {"LeakyReLU", {"alpha negative_slope"}},
      {"MaxPooling2D", {"pool_size padding strides data_format"}},
      {"Model", {kModel}},
      {"Multiply", {}},
      {"Normalization", {"axis mean variance invert"}},
      {"ReLU", {"max_value negative_slope threshold"}},
      {"Rescaling", {"scale offset"}},
      {"Reshape", {"target_shape"}},
      {"SeparableConv2D", {kConvolution, kDepthwise, kPointwise}},
      {"Sequential", {kModel}},
      {"Softmax", {"axis"}},
      {"Solarization", {kPictureAugmentation}},
      {"SpatialDropout1D", {kDropout}},
      {"SpatialDropout2D", {kDropout}},
      {"SpatialDropout3D", {kDropout}},
      {"VarianceScaling", {"scale mode distribution seed"}},
      {"ZeroPadding2D", {"padding data_format"}},
  };
  static const Options augmentation = {kPictureAugmentation};
  const auto found = table.find(class_name);
  if (found != table.end()) return &found->second;
  return class_name.starts_with("Random") ? &augmentation : nullptr;
}

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

// "keras.layers", and what Keras does not export: "keras.src.models.functional",
// "tf_keras.src.engine.functional".
bool is_module_of_keras(std::string_view module) {
  return std::ranges::any_of(std::vector<std::string_view>{"keras", "tf_keras"}, [&](std::string_view root) {
    return module.starts_with(root) && (module.size() == root.size() || module[root.size()] == '.');
  });
}

std::string foreign(const std::string& why) {
  return "is not Keras' own: " + why + "; what somebody's own class or function computes is not in the file";
}

}  // namespace

bool says_module(const json::object& object) {
  return object.contains("module");
}

std::string foreign_class(const json::object& object) {
  // Registered by somebody as "package>name".
  for (const char* key : {"registered_name", "class_name"}) {
    if (const std::string name = keras_text(object, key); name.find('>') != std::string::npos) {
      return foreign("it is registered as '" + name + "'");
    }
  }
  if (says_module(object)) {
    const std::string module = keras_text(object, "module");  // null: of the program that saved it
    if (is_module_of_keras(module)) return {};
    return foreign("its module is " + (module.empty() ? "null" : "'" + module + "'"));
  }
  const std::string class_name = keras_text(object, "class_name");
  const Options* options = options_of(class_name);
  const json::value* config = object.if_contains("config");
  if (!options || !config || !config->is_object()) return {};
  for (const auto& [key, value] : config->get_object()) {
    const auto knows = [&key = key](std::string_view words) { return has_word(words, key); };
    if (!knows(kEveryLayer) && std::ranges::none_of(*options, knows)) {
      return foreign("it has '" + std::string(key) + "', which Keras' " + class_name + " has not");
    }
  }
  return {};
}

}  // namespace earshot
