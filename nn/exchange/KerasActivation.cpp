#include "nn/exchange/KerasActivation.h"

#include <string>
#include <utility>

#include "nn/exchange/KerasClass.h"

namespace earshot {
namespace {

namespace json = boost::json;

void append_function(const KerasConfig& config, const std::string& function, KerasReading& reading) {
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

}  // namespace

LayerKind keras_relu(const KerasConfig& config) {
  if (config.find("max_value")) config.refuse("max_value", "null");
  config.expect_number("threshold", 0.0, 0.0);
  const double slope = config.number("negative_slope", 0.0);
  if (slope == 0.0) return Activation{Activation::Function::relu};
  return LeakyRelu{.slope = static_cast<float>(slope)};
}

LayerKind keras_leaky_relu(const KerasConfig& config) {
  const double alpha = config.number("alpha", 0.3);  // Keras 2's name for it; 0.3 is the default of both
  return LeakyRelu{.slope = static_cast<float>(config.number("negative_slope", alpha))};
}

void append_keras_activation(const KerasConfig& config, KerasReading& reading) {
  const json::value* value = config.find("activation");
  if (!value) return;
  if (value->is_string()) return append_function(config, std::string(value->get_string()), reading);
  const json::object* object = value->if_object();
  const json::value* kind_value = object ? object->if_contains("class_name") : nullptr;
  const json::value* inside = object ? object->if_contains("config") : nullptr;
  if (!kind_value || !kind_value->is_string() || !inside) config.refuse("activation", "a known function");
  if (const std::string why = foreign_class(*object); !why.empty()) {
    config.refuse("its activation " + json::serialize(*inside).substr(0, 40) + " " + why);
  }
  const std::string kind(kind_value->get_string());
  if (kind == "function" && inside->is_string()) {
    return append_function(config, std::string(inside->get_string()), reading);
  }
  if (!inside->is_object() || (kind != "LeakyReLU" && kind != "ReLU")) {
    config.refuse("activation", "a known function");
  }
  const KerasConfig inner(kind, config.name(), inside->get_object());
  LayerKind layer = kind == "ReLU" ? keras_relu(inner) : keras_leaky_relu(inner);
  const char* suffix = std::holds_alternative<LeakyRelu>(layer) ? "_leaky_re_lu" : "_relu";
  reading.parts.push_back({suffix, std::move(layer)});
}

}  // namespace earshot
