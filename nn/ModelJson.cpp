#include "nn/ModelJson.h"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <concepts>
#include <type_traits>
#include <utility>

#include "dsp/Error.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 8;

// Each type's fields once, for writing and for reading.
template <class Recipe, class Visit>
requires std::same_as<std::remove_const_t<Recipe>, FeatureRecipe>
void visit_fields(Recipe& recipe, Visit&& visit) {
  visit("name", recipe.name);
  visit("rate_hz", recipe.rate_hz);
  visit("window_samples", recipe.window_samples);
  visit("fft_samples", recipe.fft_samples);
  visit("hop_samples", recipe.hop_samples);
  visit("mel_bands", recipe.mel_bands);
  visit("min_hz", recipe.min_hz);
  visit("max_hz", recipe.max_hz);
  visit("floor_power", recipe.floor_power);
  visit("range_db", recipe.range_db);
  visit("image_height", recipe.image_height);
  visit("image_width", recipe.image_width);
}

template <class Shape, class Visit>
requires std::same_as<std::remove_const_t<Shape>, FeatureShape>
void visit_fields(Shape& shape, Visit&& visit) {
  visit("height", shape.height);
  visit("width", shape.width);
  visit("channels", shape.channels);
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, Calibration>
void visit_fields(C& calibration, Visit&& visit) {
  visit("temperature", calibration.temperature);
}

template <class Kind, class Visit>
void visit_fields(Kind& kind, Visit&& visit) {
  using Plain = std::remove_const_t<Kind>;
  if constexpr (std::same_as<Plain, Conv2d> || std::same_as<Plain, SeparableConv2d>) {
    visit("filters", kind.filters);
    visit("kernel", kind.kernel);
  } else if constexpr (std::same_as<Plain, BatchNorm>) {
    visit("momentum", kind.momentum);
    visit("epsilon", kind.epsilon);
  } else if constexpr (std::same_as<Plain, LeakyRelu>) {
    visit("slope", kind.slope);
  } else if constexpr (std::same_as<Plain, MaxPool2d>) {
    visit("size", kind.size);
  } else if constexpr (std::same_as<Plain, Dropout>) {
    visit("rate", kind.rate);
  } else if constexpr (std::same_as<Plain, Dense>) {
    visit("units", kind.units);
    visit("l2", kind.l2);
  } else {
    static_assert(std::same_as<Plain, GlobalAveragePool2d>);
  }
}

// What a layer's "kind" says, in the order of LayerKind.
constexpr std::array<std::string_view, std::variant_size_v<LayerKind>> kKinds = {
    "conv2d",        "separable_conv2d", "batch_normalization",      "leaky_re_lu",
    "max_pooling2d", "dropout",          "global_average_pooling2d", "dense"};

// The float's shortest decimal form as a double: 0.1F is written as 0.1.
double decimal(float value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double result = 0.0;
  std::from_chars(text.data(), end, result);
  return result;
}

class Writer {
 public:
  explicit Writer(json::object& object) : object_(object) {}
  void operator()(const char* key, float value) { object_.emplace(key, decimal(value)); }
  void operator()(const char* key, const auto& value) { object_.emplace(key, value); }

 private:
  json::object& object_;
};

class Reader {
 public:
  Reader(const json::value& value, std::string what) : what_(std::move(what)) {
    object_ = value.if_object();
    if (!object_) refuse("is not an object");
  }

  void operator()(const char* key, std::string& out) {
    const json::value& value = get(key);
    if (!value.is_string()) refuse("'" + std::string(key) + "' is not a string");
    out = std::string(value.get_string());
  }
  void operator()(const char* key, std::floating_point auto& out) {
    const json::value& value = get(key);
    if (!value.is_number()) refuse("'" + std::string(key) + "' is not a number");
    out = value.to_number<std::remove_reference_t<decltype(out)>>();
  }
  void operator()(const char* key, std::integral auto& out) {
    json::error_code error;
    out = get(key).to_number<std::remove_reference_t<decltype(out)>>(error);
    if (error) refuse("'" + std::string(key) + "' is not a whole number in range");
  }

  const json::value& get(const char* key) {
    const json::value* value = object_->if_contains(key);
    if (!value) refuse("'" + std::string(key) + "' is missing");
    ++known_;
    return *value;
  }

  // After the last field: there may be no others.
  void finish() const {
    if (object_->size() != known_) {
      refuse("has " + std::to_string(object_->size()) + " fields, expected the " + std::to_string(known_) +
             " that this version knows");
    }
  }

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ExitCode::bad_data, what_ + ": " + why);
  }

 private:
  const json::object* object_ = nullptr;
  std::string what_;
  std::size_t known_ = 0;
};

json::value parse(std::string_view text, const char* what) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) throw Error(ExitCode::bad_data, std::string(what) + ": is not JSON (" + error.message() + ")");
  return value;
}

template <class T>
json::object to_object(const T& fields) {
  json::object object;
  visit_fields(fields, Writer(object));
  return object;
}

template <class T>
T read_object(const json::value& value, const char* what) {
  T fields;
  Reader reader(value, what);
  visit_fields(fields, reader);
  reader.finish();
  return fields;
}

// A default-constructed kind by its position in LayerKind.
template <std::size_t... I>
LayerKind make_kind(std::size_t index, std::index_sequence<I...>) {
  LayerKind kind;
  ((I == index ? void(kind.emplace<I>()) : void()), ...);
  return kind;
}

Layer read_layer(const json::value& value, std::size_t position) {
  Layer layer;
  Reader reader(value, "architecture: layer " + std::to_string(position));
  reader("name", layer.name);
  std::string kind;
  reader("kind", kind);
  std::size_t index = 0;
  while (index < kKinds.size() && kKinds[index] != kind) ++index;
  if (index == kKinds.size())
    reader.refuse("its kind is '" + kind + "', expected one that this version knows");
  layer.kind = make_kind(index, std::make_index_sequence<kKinds.size()>());
  std::visit([&reader](auto& fields) { visit_fields(fields, reader); }, layer.kind);
  reader.finish();
  return layer;
}

}  // namespace

std::string format_recipe(const FeatureRecipe& recipe) {
  return json::serialize(to_object(recipe));
}

FeatureRecipe parse_recipe(std::string_view text) {
  return read_object<FeatureRecipe>(parse(text, "recipe"), "recipe");
}

std::string format_architecture(const Architecture& architecture) {
  json::array layers;
  for (const Layer& layer : architecture.layers) {
    json::object object{{"name", layer.name}, {"kind", kKinds[layer.kind.index()]}};
    std::visit([&object](const auto& fields) { visit_fields(fields, Writer(object)); }, layer.kind);
    layers.emplace_back(std::move(object));
  }
  return json::serialize(json::object{
      {"name", architecture.name}, {"input", to_object(architecture.input)}, {"layers", std::move(layers)}});
}

Architecture parse_architecture(std::string_view text) {
  const json::value value = parse(text, "architecture");
  Architecture architecture;
  Reader reader(value, "architecture");
  reader("name", architecture.name);
  architecture.input = read_object<FeatureShape>(reader.get("input"), "architecture: input");
  const json::array* layers = reader.get("layers").if_array();
  if (!layers) reader.refuse("'layers' is not a list");
  reader.finish();
  for (const json::value& layer : *layers) {
    architecture.layers.push_back(read_layer(layer, architecture.layers.size()));
  }
  return architecture;
}

std::string format_labels(const std::vector<std::string>& labels) {
  return json::serialize(json::array(labels.begin(), labels.end()));
}

std::vector<std::string> parse_labels(std::string_view text) {
  const json::value value = parse(text, "labels");
  std::vector<std::string> labels;
  const json::array* list = value.if_array();
  if (!list) throw Error(ExitCode::bad_data, "labels: is not a list of strings");
  for (const json::value& label : *list) {
    if (!label.is_string()) throw Error(ExitCode::bad_data, "labels: is not a list of strings");
    labels.emplace_back(label.get_string());
  }
  return labels;
}

std::string format_calibration(const Calibration& calibration) {
  return json::serialize(to_object(calibration));
}

Calibration parse_calibration(std::string_view text) {
  return read_object<Calibration>(parse(text, "calibration"), "calibration");
}

std::string format_provenance(const std::map<std::string, std::string>& provenance) {
  json::object object;
  for (const auto& [key, value] : provenance) object.emplace(key, value);
  return json::serialize(object);
}

std::map<std::string, std::string> parse_provenance(std::string_view text) {
  const json::value value = parse(text, "provenance");
  std::map<std::string, std::string> provenance;
  const json::object* object = value.if_object();
  if (!object) throw Error(ExitCode::bad_data, "provenance: is not an object of strings");
  for (const auto& [key, entry] : *object) {
    if (!entry.is_string()) throw Error(ExitCode::bad_data, "provenance: is not an object of strings");
    provenance.emplace(key, entry.get_string());
  }
  return provenance;
}

}  // namespace earshot
