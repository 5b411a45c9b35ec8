#include "nn/exchange/KerasEntry.h"

#include <utility>

#include "dsp/base/Error.h"
#include "nn/exchange/KerasClass.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxLayerName = 96;

[[noreturn]] void refuse_entry(const std::string& why) {
  throw Error(ExitCode::bad_data, "its configuration: " + why);
}

// Every ["name", node, tensor] or {"keras_history": [...]} of a layer's inbound node, in order.
class InboundReader {
 public:
  explicit InboundReader(const KerasEntry& entry) : entry_(entry) {
    const json::value* nodes = entry.object->if_contains("inbound_nodes");
    const json::array* list = nodes ? nodes->if_array() : nullptr;
    if (!list || list->size() != 1) {
      fail("is used " + std::to_string(list ? list->size() : 0) + " times, expected once");
    }
    take((*list)[0]);
  }
  std::vector<std::string> names;

 private:
  [[noreturn]] void fail(const std::string& why) const { entry_.options().refuse(why); }

  void take_history(const json::array& history) {
    if (!history[2].is_number() || history[2].to_number<double>() != 0.0) {
      fail("takes a second output of '" + std::string(history[0].get_string()) + "', expected the only one");
    }
    names.emplace_back(history[0].get_string());
    if (history.size() > 3 && history[3].is_object()) take_options(history[3].get_object());
  }

  // Keyword arguments of the call. A tensor among them would be an input by another way.
  void take_options(const json::object& options) {
    for (const auto& [key, value] : options) {
      if (key == "training" && value.is_bool() && value.get_bool()) {
        fail(
            "is called with training=True, and so computes in inference what it does in training; expected a "
            "call without");
      }
      if (!value.is_null() && !value.is_bool())
        fail("is called with '" + std::string(key) + "', which is not supported");
    }
  }

  void take(const json::value& value) {
    if (const json::object* object = value.if_object()) {
      if (const json::value* arguments = object->if_contains("args")) {
        take(*arguments);
        if (const json::value* options = object->if_contains("kwargs"); options && options->is_object()) {
          take_options(options->get_object());
        }
        return;
      }
      const json::value* config = object->if_contains("config");
      const json::value* history =
          config && config->is_object() ? config->get_object().if_contains("keras_history") : nullptr;
      if (!history || !is_history(*history)) fail("has an input that is no layer's output");
      return take_history(history->get_array());
    }
    if (!value.is_array()) fail("has an input that is no layer's output: " + json::serialize(value));
    if (is_history(value)) return take_history(value.get_array());
    for (const json::value& one : value.get_array()) take(one);
  }

  static bool is_history(const json::value& value) {
    const json::array* list = value.if_array();
    return list && list->size() >= 3 && (*list)[0].is_string() && (*list)[1].is_number();
  }

  const KerasEntry& entry_;
};

}  // namespace

KerasEntry read_keras_entry(const json::value& value, std::size_t position) {
  const std::string where = "layer " + std::to_string(position);
  if (!value.is_object()) refuse_entry(where + " is not an object");
  KerasEntry entry;
  entry.object = &value.get_object();
  const json::value* config = entry.object->if_contains("config");
  if (!config || !config->is_object()) refuse_entry(where + " has no object 'config'");
  entry.config = &config->get_object();
  entry.class_name = keras_text(*entry.object, "class_name");
  entry.name = keras_text(*entry.config, "name");
  if (entry.name.empty()) entry.name = keras_text(*entry.object, "name");
  if (entry.class_name.empty() || entry.name.empty()) refuse_entry(where + " has no class_name or no name");
  if (entry.name.size() > kMaxLayerName) refuse_entry(where + "'s name has more than 96 characters");
  if (const std::string why = foreign_class(*entry.object); !why.empty()) entry.options().refuse(why);
  return entry;
}

std::vector<std::string> inbound_layers(const KerasEntry& entry) {
  return std::move(InboundReader(entry).names);
}

}  // namespace earshot
