#include "nn/exchange/KerasGraph.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include <boost/json.hpp>

#include "dsp/base/Error.h"
#include "nn/exchange/KerasClass.h"
#include "nn/exchange/KerasConfig.h"
#include "nn/exchange/KerasEntry.h"
#include "nn/exchange/KerasLayers.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxJsonDepth = 128;
constexpr std::size_t kMaxLayers = 4096;  // of Keras; what becomes of them has its own bound

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ExitCode::bad_data, "its configuration: " + why);
}

json::value parse(std::string_view text) {
  if (text.size() > kMaxKerasJsonBytes)
    refuse("has " + std::to_string(text.size()) + " bytes, expected at most 8 MiB");
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) refuse("is not JSON (" + error.message() + ")");
  return value;
}

bool is_model(std::string_view class_name) {
  return class_name == "Functional" || class_name == "Sequential" || class_name == "Model";
}

// What flows from one layer to the next.
struct Value {
  std::string layer;  // ours that made it, or "input"
  int rank = 4;
  bool softmax = false;
};

// (null, height, width, channels) of an InputLayer, or of a first layer or model that says so.
const json::array* batch_shape(const json::object& config) {
  for (const char* key : {"batch_shape", "batch_input_shape", "input_shape"}) {
    if (const json::value* shape = config.if_contains(key); shape && shape->is_array())
      return &shape->get_array();
  }
  return nullptr;
}

// "output_layers": [["dense",0,0]] or ["dense",0,0].
std::string only_name(const json::object& config, const char* key) {
  const json::value* value = config.if_contains(key);
  const json::array* list = value ? value->if_array() : nullptr;
  if (list && list->size() == 1 && (*list)[0].is_array()) list = &(*list)[0].get_array();
  if (!list || list->empty() || !(*list)[0].is_string()) {
    refuse("the model's " + std::string(key) + " is not one layer, expected one input and one output");
  }
  return std::string((*list)[0].get_string());
}

class GraphReader {
 public:
  explicit GraphReader(const FeatureShape& input) { graph_.architecture.input = input; }

  KerasGraph read(const json::object& model) {
    const std::string class_name = keras_text(model, "class_name");
    if (!is_model(class_name)) {
      refuse("it is a '" + class_name + "', expected a Sequential or Functional model");
    }
    if (const std::string why = foreign_class(model); !why.empty()) refuse("the " + class_name + " " + why);
    const json::value* config = model.if_contains("config");
    if (!config) refuse("has no 'config'");
    if (config->is_object()) graph_.architecture.name = keras_text(config->get_object(), "name");
    if (const json::value* build = model.if_contains("build_config"); build && build->is_object()) {
      if (const json::array* shape = batch_shape(build->get_object())) set_input(*shape);
    }
    const Value output = read_model(class_name, *config, {kNetworkInput, 4, false}, "", "", 0);
    finish(output);
    return std::move(graph_);
  }

 private:
  // `store` is the path of the container in a .keras, with a '/' at its end; `group` the outermost nested
  // layer.
  Value read_model(const std::string& class_name, const json::value& config, Value input,
                   const std::string& store, const std::string& group, int depth) {
    if (depth > kMaxKerasNesting) refuse("models are nested deeper than " + std::to_string(kMaxKerasNesting));
    const bool sequential = class_name == "Sequential";
    const json::array* layers = config.if_array();  // so the oldest Keras 2 writes a Sequential
    if (const json::object* object = config.if_object()) {
      const json::value* list = object->if_contains("layers");
      layers = list ? list->if_array() : nullptr;
    }
    if (!layers || (!sequential && !config.is_object())) refuse("a model has no list 'layers'");
    const std::string input_name = sequential ? "" : only_name(config.get_object(), "input_layers");
    const std::string output_name = sequential ? "" : only_name(config.get_object(), "output_layers");

    std::map<std::string, Value> values;  // of a Functional's layers, by their Keras names
    std::map<std::string, int> used;      // classes seen in this container, for names in a .keras
    Value previous = input;
    for (std::size_t i = 0; i < layers->size(); ++i) {
      if (++layer_count_ > kMaxLayers) refuse("has more than 4096 layers");
      const KerasEntry entry = read_keras_entry((*layers)[i], i);
      by_name_alone_ |= !says_module(*entry.object);
      if (entry.class_name == "InputLayer") {
        if (!sequential && entry.name != input_name) refuse("layer '" + entry.name + "' is a second input");
        take_input(entry, depth);
        values[entry.name] = input;
        continue;
      }
      if (sequential && i == 0 && depth == 0) take_input(entry, depth);
      std::vector<Value> inputs{previous};
      if (!sequential) inputs = inbound(entry, values);
      // Operations such as x + y are no layers to Keras and have no place in its file.
      const bool operation = keras_text(*entry.object, "module").find(".ops.") != std::string::npos;
      std::string path;
      if (!operation) {
        const std::string base = keras_snake_case(entry.class_name);
        const int earlier = used[base]++;
        path = store + "layers/" + base + (earlier == 0 ? "" : "_" + std::to_string(earlier));
      }
      previous = read_layer(entry, inputs, path, group, depth);
      if (!sequential && !values.emplace(entry.name, previous).second) {
        refuse("layer '" + entry.name + "' occurs twice");
      }
    }
    if (sequential) return previous;
    const auto output = values.find(output_name);
    if (output == values.end()) refuse("the output layer '" + output_name + "' is missing");
    return output->second;
  }

  std::vector<Value> inbound(const KerasEntry& entry, const std::map<std::string, Value>& values) const {
    std::vector<Value> inputs;
    for (const std::string& name : inbound_layers(entry)) {
      const auto found = values.find(name);
      if (found == values.end()) {
        refuse("layer '" + entry.name + "' takes '" + name + "', expected a layer before it");
      }
      inputs.push_back(found->second);
    }
    return inputs;
  }

  Value read_layer(const KerasEntry& entry, const std::vector<Value>& inputs, const std::string& path,
                   const std::string& group, int depth) {
    const KerasConfig config = entry.options();
    for (const Value& input : inputs) {
      if (input.softmax) config.refuse("follows a softmax, expected softmax at the end only");
    }
    if (entry.class_name == "Add" || entry.class_name == "Multiply") return join(config, inputs, group);
    const bool model = is_model(entry.class_name);
    if (!model && !is_supported_keras_layer(entry.class_name)) {
      config.refuse("is not supported; supported are " + supported_keras_layers());
    }
    if (inputs.size() != 1) config.refuse("has " + std::to_string(inputs.size()) + " inputs, expected 1");
    const std::string outermost = group.empty() ? entry.name : group;
    if (model)
      return read_model(entry.class_name, *entry.config, inputs[0], path + "/", outermost, depth + 1);

    KerasReading reading = read_keras_layer(config, inputs[0].rank);
    for (std::string& note : reading.notes) graph_.notes.push_back(std::move(note));
    Value value{inputs[0].layer, reading.rank, reading.softmax};
    const std::string name = unique_name(entry.name, group);
    for (KerasPart& part : reading.parts) {
      std::string part_name = part.suffix.empty() ? name : unique_name(name + part.suffix, group);
      if (part.suffix.empty()) graph_.origins[part_name] = {entry.name, outermost, path};
      value.layer = append(std::move(part_name), std::move(part.kind), {value.layer});
    }
    for (auto& [tensor, values] : reading.constants)
      graph_.constants[name + "/" + tensor] = std::move(values);
    return value;
  }

  // Add and Multiply of two or more: ours take two.
  Value join(const KerasConfig& config, const std::vector<Value>& inputs, const std::string& group) {
    if (inputs.size() < 2)
      config.refuse("has " + std::to_string(inputs.size()) + " inputs, expected 2 or more");
    const std::string name = unique_name(config.name(), group);
    Value value = inputs[0];
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      if (inputs[i].rank != value.rank) config.refuse("its inputs are of different rank");
      const bool last = i + 1 == inputs.size();
      std::string part = last ? name : unique_name(name + "_part" + std::to_string(i), group);
      if (config.class_name() == "Add") {
        value.layer = append(std::move(part), Add{}, {value.layer, inputs[i].layer});
        continue;
      }
      // Ours takes the gate, 1 x 1 x C, second.
      std::vector<std::string> factors{value.layer, inputs[i].layer};
      if (is_gate(factors[0]) && !is_gate(factors[1])) std::swap(factors[0], factors[1]);
      value.layer = append(std::move(part), Multiply{}, std::move(factors));
    }
    return value;
  }

  // Whether a layer so far gives one value a channel.
  bool is_gate(const std::string& layer) const {
    if (layer == kNetworkInput) return false;
    const std::vector<Layer>& layers = graph_.architecture.layers;
    const std::vector<FeatureShape> shapes = shapes_so_far(graph_.architecture);
    const auto position = std::ranges::find(layers, layer, &Layer::name) - layers.begin();
    const FeatureShape& shape = shapes[static_cast<std::size_t>(position)];
    return shape.height == 1 && shape.width == 1;
  }

  // Left empty where the input is the layer before, as the built-in architectures have it.
  std::string append(std::string name, LayerKind kind, std::vector<std::string> inputs) {
    std::vector<Layer>& layers = graph_.architecture.layers;
    const std::string_view before = layers.empty() ? kNetworkInput : std::string_view(layers.back().name);
    if (inputs.size() == 1 && inputs[0] == before) inputs.clear();
    layers.push_back({name, std::move(kind), std::move(inputs)});
    return name;
  }

  // Keras' name in the characters that ours may have; a nested model's before it if it is taken.
  std::string unique_name(const std::string& name, const std::string& group) {
    const auto cleaned = [](std::string text) {
      for (char& c : text) {
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-' && c != '.') c = '_';
      }
      return text;
    };
    std::string candidate = cleaned(name);
    if (candidate == kNetworkInput) candidate += "_1";  // means the network's own input
    if (!names_.contains(candidate)) return *names_.insert(candidate).first;
    const std::string base = group.empty() ? candidate : cleaned(group).substr(0, 24) + "_" + candidate;
    candidate = base;
    for (int i = 1; names_.contains(candidate); ++i) candidate = base + "_" + std::to_string(i);
    return *names_.insert(candidate).first;
  }

  void take_input(const KerasEntry& entry, int depth) {
    if (depth > 0) return;  // a nested model gets what it is called with
    if (const json::array* shape = batch_shape(*entry.config)) set_input(*shape);
  }

  void set_input(const json::array& shape) {
    FeatureShape& input = graph_.architecture.input;
    if (shape.size() != 4) {
      refuse("its input is " + json::serialize(shape) + ", expected [null,height,width,channels]");
    }
    const std::array<int*, 3> sides = {&input.height, &input.width, &input.channels};
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const json::value& size = shape[i + 1];
      if (size.is_null()) continue;
      if (!size.is_int64() || size.get_int64() < 1 || size.get_int64() > 65536) {
        refuse("its input is " + json::serialize(shape) + ", expected [null,height,width,channels]");
      }
      *sides[i] = static_cast<int>(size.get_int64());
    }
  }

  // The last activation is what the scores are.
  void finish(const Value& output) {
    Architecture& architecture = graph_.architecture;
    if (architecture.layers.empty()) refuse("has no layers");
    if (architecture.layers.back().name != output.layer) {
      refuse("the output layer '" + output.layer + "' is not the last one");
    }
    architecture.scores = Scores::softmax;
    const auto* activation = std::get_if<Activation>(&architecture.layers.back().kind);
    if (!output.softmax && activation && activation->function == Activation::Function::sigmoid) {
      architecture.scores = Scores::sigmoid;
      architecture.layers.pop_back();
      if (architecture.layers.empty()) refuse("has no layers");
    } else if (!output.softmax) {
      // Logits, as for a loss with from_logits=True. A softmax of one is always 1.
      const bool alone = class_count(architecture) == 1;
      if (alone) architecture.scores = Scores::sigmoid;
      graph_.notes.push_back(
          std::string(
              "the last layer has neither softmax nor sigmoid: its outputs are taken for logits of a ") +
          (alone ? "sigmoid" : "softmax"));
    }
    if (by_name_alone_) {
      graph_.notes.push_back(
          "the file does not say whose its layers' classes are: one of your own that has the name of one of "
          "Keras' "
          "is taken for that (a .keras file tells them apart)");
    }
    if (architecture.name.empty()) architecture.name = "keras";
  }

  KerasGraph graph_;
  std::set<std::string> names_;
  std::size_t layer_count_ = 0;
  bool by_name_alone_ = false;  // some layer's class is known by its name only
};

}  // namespace

std::string keras_snake_case(std::string_view class_name) {
  const auto upper = [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; };
  const auto lower = [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; };
  std::string name;
  for (std::size_t i = 0; i < class_name.size(); ++i) {
    const char c = class_name[i];
    // An underscore before the capital of a word ("2DConv" -> "2d_conv"), and between lower and upper case.
    const bool word = i + 1 < class_name.size() && lower(class_name[i + 1]);
    if (i > 0 && upper(c) && (word || lower(class_name[i - 1]))) name += '_';
    name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

KerasGraph read_keras_graph(std::string_view text, const FeatureShape& input) {
  const json::value model = parse(text);
  if (!model.is_object()) refuse("is not a JSON object");
  return GraphReader(input).read(model.get_object());
}

}  // namespace earshot
