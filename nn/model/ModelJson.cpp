#include "nn/model/ModelJson.h"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <concepts>
#include <type_traits>
#include <utility>

#include "dsp/base/Error.h"
#include "dsp/base/Words.h"
#include "nn/model/LayerFields.h"

namespace earshot {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxNesting = 8;

// Each type's fields once, for writing and for reading. A recipe's later fields go through `visit.added` and
// are optional: files written before them mean the default. A field that is added does not compile until it
// is listed.
template <class Recipe, class Visit>
requires std::same_as<std::remove_const_t<Recipe>, FeatureRecipe>
void visit_fields(Recipe& recipe, Visit&& visit) {
  auto& [name, rate_hz, window_samples, fft_samples, hop_samples, mel_bands, min_hz, max_hz, floor_power,
         range_db, image_height, image_width, frame_samples, centred, spectrum, mel_scale, level, log_offset,
         cells, grey_divisor, mean, deviation, time_axis, channels, clip] = recipe;
  visit("name", name);
  visit("rate_hz", rate_hz);
  visit("window_samples", window_samples);
  visit("fft_samples", fft_samples);
  visit("hop_samples", hop_samples);
  visit("mel_bands", mel_bands);
  visit("min_hz", min_hz);
  visit("max_hz", max_hz);
  visit("floor_power", floor_power);
  visit("range_db", range_db);
  visit("image_height", image_height);
  visit("image_width", image_width);
  const FeatureRecipe before;
  visit.optional("frame_samples", frame_samples, before.frame_samples);
  visit.optional("centred", centred, before.centred);
  visit.optional("spectrum", spectrum, before.spectrum);
  visit.optional("mel_scale", mel_scale, before.mel_scale);
  visit.optional("level", level, before.level);
  visit.optional("log_offset", log_offset, before.log_offset);
  visit.optional("cells", cells, before.cells);
  visit.optional("grey_divisor", grey_divisor, before.grey_divisor);
  visit.optional("mean", mean, before.mean);
  visit.optional("deviation", deviation, before.deviation);
  visit.optional("time_axis", time_axis, before.time_axis);
  visit.optional("channels", channels, before.channels);
  visit.optional("clip", clip, before.clip);
}

template <class Shape, class Visit>
requires std::same_as<std::remove_const_t<Shape>, FeatureShape>
void visit_fields(Shape& shape, Visit&& visit) {
  visit("height", shape.height);
  visit("width", shape.width);
  visit("channels", shape.channels);
}

template <class M, class Visit>
requires std::same_as<std::remove_const_t<M>, LabelMeanings>
void visit_fields(M& meanings, Visit&& visit) {
  auto& [thresholds, measured, ambience, parents] = meanings;
  visit("thresholds", thresholds);
  visit("measured", measured);
  visit("ambience", ambience);
  visit("parents", parents);
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, Calibration>
void visit_fields(C& calibration, Visit&& visit) {
  visit("temperature", calibration.temperature);
}

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
  void operator()(const char* key, const std::vector<float>& values) {
    json::array list;
    for (const float value : values) list.emplace_back(decimal(value));
    object_.emplace(key, std::move(list));
  }
  void operator()(const char* key, const std::vector<std::size_t>& values) {
    object_.emplace(key, json::array(values.begin(), values.end()));
  }
  void operator()(const char* key, const std::vector<std::pair<std::size_t, std::size_t>>& pairs) {
    json::array list;
    for (const auto& [first, second] : pairs) list.emplace_back(json::array{first, second});
    object_.emplace(key, std::move(list));
  }
  template <class T>
  void operator()(const char* key, const T& value) {
    if constexpr (std::is_enum_v<T>) {
      object_.emplace(key, word_of(value));
    } else {
      object_.emplace(key, value);
    }
  }

  template <class T>
  void optional(const char* key, const T& value, const T& absent) {
    if (value != absent) (*this)(key, value);
  }

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
  void operator()(const char* key, bool& out) {
    const json::value& value = get(key);
    if (!value.is_bool()) refuse("'" + std::string(key) + "' is neither true nor false");
    out = value.get_bool();
  }
  void operator()(const char* key, std::vector<float>& out) {
    const json::array* list = get(key).if_array();
    if (!list) refuse("'" + std::string(key) + "' is not a list of numbers");
    out.clear();
    for (const json::value& value : *list) {
      if (!value.is_number()) refuse("'" + std::string(key) + "' is not a list of numbers");
      out.push_back(value.to_number<float>());
    }
  }
  void operator()(const char* key, std::vector<std::size_t>& out) {
    out = indices(get(key), key);
  }
  void operator()(const char* key, std::vector<std::pair<std::size_t, std::size_t>>& out) {
    const json::array* list = get(key).if_array();
    if (!list) refuse("'" + std::string(key) + "' is not a list of pairs");
    out.clear();
    for (const json::value& value : *list) {
      const std::vector<std::size_t> pair = indices(value, key);
      if (pair.size() != 2) refuse("'" + std::string(key) + "' is not a list of pairs");
      out.emplace_back(pair[0], pair[1]);
    }
  }
  template <class E>
  requires std::is_enum_v<E>
  void operator()(const char* key, E& out) {
    std::string name;
    (*this)(key, name);
    const std::optional<E> value = value_of_word<E>(name);
    if (!value) refuse("'" + std::string(key) + "' is '" + name + "', expected one that this version knows");
    out = *value;
  }
  void operator()(const char* key, std::integral auto& out) {
    json::error_code error;
    out = get(key).to_number<std::remove_reference_t<decltype(out)>>(error);
    if (error) refuse("'" + std::string(key) + "' is not a whole number in range");
  }

  bool has(const char* key) const { return object_->contains(key); }

  template <class T>
  void optional(const char* key, T& out, const T& absent) {
    out = absent;
    if (has(key)) (*this)(key, out);
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
  std::vector<std::size_t> indices(const json::value& value, const char* key) const {
    const json::array* list = value.if_array();
    if (!list) refuse("'" + std::string(key) + "' is not a list of whole numbers");
    std::vector<std::size_t> found;
    for (const json::value& each : *list) {
      json::error_code error;
      found.push_back(each.to_number<std::size_t>(error));
      if (error) refuse("'" + std::string(key) + "' is not a list of whole numbers");
    }
    return found;
  }

  const json::object* object_ = nullptr;
  std::string what_;
  std::size_t known_ = 0;
};

json::value parse(std::string_view text, const char* what) {
  json::parse_options options;
  options.max_depth = kMaxNesting;
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

std::vector<std::string> strings_of(const json::value& value, const Reader& reader) {
  const json::array* list = value.if_array();
  if (!list) reader.refuse("'inputs' is not a list of layers");
  std::vector<std::string> strings;
  for (const json::value& text : *list) {
    if (!text.is_string()) reader.refuse("'inputs' is not a list of layers");
    strings.emplace_back(text.get_string());
  }
  return strings;
}

Layer read_layer(const json::value& value, std::size_t position) {
  Layer layer;
  Reader reader(value, "architecture: layer " + std::to_string(position));
  reader("name", layer.name);
  std::string kind;
  reader("kind", kind);
  const std::optional<LayerKind> made = make_layer_kind(kind);
  if (!made) reader.refuse("its kind is '" + kind + "', expected one that this version knows");
  layer.kind = *made;
  visit_layer_fields(layer.kind, reader);
  if (reader.has("inputs")) layer.inputs = strings_of(reader.get("inputs"), reader);
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
    json::object object{{"name", layer.name}, {"kind", traits_of(layer.kind).word}};
    visit_layer_fields(layer.kind, Writer(object));
    if (!layer.inputs.empty())
      object.emplace("inputs", json::array(layer.inputs.begin(), layer.inputs.end()));
    layers.emplace_back(std::move(object));
  }
  json::object object{
      {"name", architecture.name}, {"input", to_object(architecture.input)}, {"layers", std::move(layers)}};
  Writer(object).optional("scores", architecture.scores, Scores::softmax);
  return json::serialize(object);
}

Architecture parse_architecture(std::string_view text) {
  const json::value value = parse(text, "architecture");
  Architecture architecture;
  Reader reader(value, "architecture");
  reader("name", architecture.name);
  architecture.input = read_object<FeatureShape>(reader.get("input"), "architecture: input");
  const json::array* layers = reader.get("layers").if_array();
  if (!layers) reader.refuse("'layers' is not a list");
  reader.optional("scores", architecture.scores, Scores::softmax);
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

std::string format_meanings(const LabelMeanings& meanings) {
  return json::serialize(to_object(meanings));
}

LabelMeanings parse_meanings(std::string_view text) {
  return read_object<LabelMeanings>(parse(text, "label meanings"), "label meanings");
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
