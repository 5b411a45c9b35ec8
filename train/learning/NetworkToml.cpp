#include "train/learning/NetworkToml.h"

#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Words.h"
#include "nn/model/LayerFields.h"

namespace earshot {
namespace {

constexpr std::int64_t kMost = 1 << 20;  // of any size; Architecture says what is too large for a layer

/// Reads a layer's fields; those of an enum by name.
class FieldReader {
 public:
  explicit FieldReader(StrictToml& table) : table_(table) {}

  void operator()(const char* key, int& value) {
    value = static_cast<int>(table_.integer(key, value, 0, kMost));
  }
  void operator()(const char* key, float& value) {
    value = static_cast<float>(table_.real(key, static_cast<double>(value), -1e6, 1e6));
  }
  void operator()(const char* key, bool& value) { value = table_.boolean(key, value); }
  void operator()(const char* key, std::vector<float>& values) {
    const std::vector<double> read = table_.reals(key, -1e6, 1e6);
    if (!read.empty()) values.assign(read.begin(), read.end());
  }
  template <class E>
  requires std::is_enum_v<E>
  void operator()(const char* key, E& value) {
    const std::string name = table_.text(key, word_of(value));
    const std::optional<E> found = value_of_word<E>(name);
    if (!found)
      table_.refuse(key, "\"" + name + "\"", fmt::format("one of {}", fmt::join(words_of(E{}), ", ")));
    value = *found;
  }
  template <class T>
  void optional(const char* key, T& value, const T&) {
    (*this)(key, value);
  }

 private:
  StrictToml& table_;
};

Layer read_layer(StrictToml& table, std::map<std::string, int>& numbers) {
  Layer layer;
  const std::string kind = table.text("kind", "");
  const std::optional<LayerKind> made = make_layer_kind(kind);
  if (!made) {
    table.refuse("kind", kind.empty() ? "nothing" : "\"" + kind + "\"",
                 fmt::format("one of {}", fmt::join(kLayerWords, ", ")));
  }
  layer.kind = *made;
  const int number = numbers[kind]++;
  layer.name = table.text("name", number == 0 ? kind : fmt::format("{}_{}", kind, number));
  layer.inputs = table.texts("inputs");
  visit_layer_fields(layer.kind, FieldReader(table));
  table.reject_unknown();
  return layer;
}

}  // namespace

std::optional<Architecture> read_network(StrictToml& file) {
  if (!file.has("network")) return std::nullopt;
  StrictToml table = file.table("network");
  Architecture network;
  network.name = table.text("name", "own");
  FieldReader read(table);
  read("scores", network.scores);
  std::map<std::string, int> numbers;
  for (StrictToml& layer : table.tables("layer")) network.layers.push_back(read_layer(layer, numbers));
  if (network.layers.empty()) table.refuse("layer", "none", "a table [[network.layer]] for each layer");
  table.reject_unknown();
  return network;
}

Architecture fitted(Architecture network, const FeatureShape& input, int classes) {
  network.input = input;
  for (Layer& layer : network.layers) {
    if (auto* dense = std::get_if<Dense>(&layer.kind); dense && dense->units == 0) dense->units = classes;
  }
  output_shapes(network);
  return network;
}

}  // namespace earshot
