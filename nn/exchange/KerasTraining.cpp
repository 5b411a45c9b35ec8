#include "nn/exchange/KerasTraining.h"

#include "nn/exchange/KerasClass.h"

namespace earshot {
namespace {

namespace json = boost::json;

const json::object* object_of(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

}  // namespace

void note_training_only(const KerasConfig& config, std::initializer_list<const char*> keys,
                        std::vector<std::string>& notes) {
  for (const char* key : keys) {
    if (config.find(key)) {
      notes.push_back("layer '" + config.name() + "': its " + key + " is not taken over");
    }
  }
}

float kernel_l2(const KerasConfig& config, std::vector<std::string>& notes) {
  const json::value* value = config.find("kernel_regularizer");
  if (!value) return 0.0F;
  const json::object* regularizer = value->if_object();
  const json::object* fields = regularizer ? object_of(*regularizer, "config") : nullptr;
  if (fields && foreign_class(*regularizer).empty()) {
    const KerasConfig inner(config.class_name(), config.name(), *fields);
    const std::string kind = keras_text(*regularizer, "class_name");
    if (kind == "L2" || (kind == "L1L2" && inner.number("l1", 0.0) == 0.0)) {
      return static_cast<float>(inner.number("l2", 0.01));  // Keras' default
    }
  }
  note_training_only(config, {"kernel_regularizer"}, notes);
  return 0.0F;
}

Initializer initializer_of(const KerasConfig& config, const char* key) {
  const json::value* value = config.find(key);
  const json::object* initializer = value ? value->if_object() : nullptr;
  const json::object* fields = initializer ? object_of(*initializer, "config") : nullptr;
  if (!fields || keras_text(*initializer, "class_name") != "VarianceScaling" ||
      !foreign_class(*initializer).empty())
    return Initializer::glorot_uniform;
  const KerasConfig inner(config.class_name(), config.name(), *fields);
  const bool he = inner.number("scale", 1.0) == 2.0 && inner.text("mode", "fan_in") == "fan_out" &&
                  inner.text("distribution", "truncated_normal") == "truncated_normal";
  return he ? Initializer::he_fan_out : Initializer::glorot_uniform;
}

}  // namespace earshot
