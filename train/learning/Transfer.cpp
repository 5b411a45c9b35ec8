#include "train/learning/Transfer.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <variant>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Error.h"
#include "dsp/base/Sha256.h"
#include "dsp/base/Utf8.h"
#include "nn/exchange/KerasImport.h"
#include "nn/model/Model.h"

namespace earshot {
namespace {

constexpr std::int64_t kMaxLayers = 100'000;

std::string layer_of(const std::string& tensor) {
  return tensor.substr(0, tensor.rfind('/'));
}

// The layer whose units are the labels.
std::string head_of(const Architecture& architecture) {
  for (auto layer = architecture.layers.rbegin(); layer != architecture.layers.rend(); ++layer) {
    if (std::holds_alternative<Dense>(layer->kind)) return layer->name;
  }
  return {};
}

// "3" or a layer's name -> how many of the first layers.
std::size_t count_frozen(const std::string& freeze, const Architecture& architecture) {
  const std::vector<Layer>& layers = architecture.layers;
  if (freeze.empty()) return 0;
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(freeze.data(), freeze.data() + freeze.size(), count);
  if (error == std::errc() && end == freeze.data() + freeze.size()) {
    if (count < layers.size()) return count;
    throw Error(ExitCode::config, fmt::format("--freeze: found {}, expected fewer than the {} layers of {}",
                                              freeze, layers.size(), architecture.name));
  }
  const auto found = std::ranges::find(layers, freeze, &Layer::name);
  if (found == layers.end() || found + 1 == layers.end()) {
    throw Error(ExitCode::config,
                fmt::format("--freeze: found '{}', expected a number or the name of a layer of {} before the "
                            "last, such as '{}'",
                            freeze, architecture.name, layers[layers.size() / 2].name));
  }
  return static_cast<std::size_t>(found - layers.begin()) + 1;
}

std::string digest(const Weights& weights) {
  Sha256 sum;
  for (const auto& [name, tensor] : weights) {
    sum.update(name);
    sum.update({reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float)});
  }
  return sum.hex();
}

// Keras numbers layers by when they were made, so that the same network has other names the next time:
// conv2d_8. If tensor by tensor the kinds and, before the head, the shapes are the same, ours are taken.
Weights weights_named_as_in(KerasNetwork keras, const Architecture& architecture) {
  if (keras.architecture == architecture) return std::move(keras.weights);  // weights alone
  const std::vector<ParameterSpec> ours = parameter_specs(architecture);
  const std::vector<ParameterSpec> theirs = parameter_specs(keras.architecture);
  const std::string head = head_of(architecture);
  const auto last_name = [](const std::string& tensor) { return tensor.substr(tensor.rfind('/')); };
  bool same = ours.size() == theirs.size();
  for (std::size_t i = 0; same && i < ours.size(); ++i) {
    same = last_name(ours[i].name) == last_name(theirs[i].name) &&
           (ours[i].shape == theirs[i].shape || layer_of(ours[i].name) == head);
  }
  if (!same) return std::move(keras.weights);
  Weights named;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    named[ours[i].name] = std::move(keras.weights.at(theirs[i].name));
  }
  return named;
}

// Of what it was trained on and of whose sounds they are, its own beginnings included.
std::map<std::string, std::string> provenance_of(const InitialWeights& from,
                                                 const std::filesystem::path& path) {
  std::map<std::string, std::string> told{{"initial weights", printable(path.filename().string())}};
  for (const auto& [theirs, ours] :
       {std::pair("data", "initial data"), std::pair("held out", "initial held out"),
        std::pair("notice", "notice")}) {
    const auto found = from.provenance.find(theirs);
    if (found != from.provenance.end()) told[ours] = found->second;
  }
  return told;
}

bool same_features(const InitialWeights& from, FeatureRecipe recipe) {
  if (!from.recipe) return true;
  recipe.window_samples = from.recipe->window_samples;  // of live use; clips are trained on whole
  return recipe == *from.recipe;
}

}  // namespace

TransferSettings read_transfer(StrictToml& file) {
  TransferSettings settings;
  StrictToml table = file.table("transfer");
  if (!file.has("transfer")) return settings;
  if (table.has("initial_weights")) settings.initial_weights = table.path("initial_weights", "");
  settings.freeze = table.has_text("freeze") ? table.text("freeze", "")
                                             : fmt::format("{}", table.integer("freeze", 0, 0, kMaxLayers));
  table.reject_unknown();
  return settings;
}

InitialWeights load_initial_weights(const std::filesystem::path& path, const Architecture& architecture) {
  if (is_keras_file(path)) {
    KerasNetwork keras = read_keras(path, &architecture, architecture.input);
    fold_imagenet_rescaling(keras, architecture);
    return {weights_named_as_in(std::move(keras), architecture), {}, {}, {}};
  }
  Model model = load_model(path);
  return {std::move(model.weights), std::move(model.labels), model.recipe, std::move(model.provenance)};
}

Start start_of(const TransferSettings& settings, const Architecture& architecture,
               const FeatureRecipe& recipe, const std::vector<std::string>& labels, std::uint64_t seed) {
  Start start;
  start.architecture = architecture;
  start.weights = initial_weights(architecture, seed);
  start.frozen_layers = count_frozen(settings.freeze, architecture);
  if (settings.initial_weights.empty()) {
    if (start.frozen_layers == 0) return start;
    throw Error(ExitCode::config,
                fmt::format("--initial-weights: found nothing, expected a model or a file of "
                            "Keras' for the {} layers that stay as they are there",
                            start.frozen_layers));
  }
  const InitialWeights from = load_initial_weights(settings.initial_weights, architecture);
  const std::string head = head_of(architecture);
  std::size_t taken = 0;
  std::set<std::string> fresh;
  for (auto& [name, tensor] : start.weights) {
    const auto found = from.weights.find(name);
    const bool other_labels = layer_of(name) == head && !from.labels.empty() && from.labels != labels;
    if (found == from.weights.end() || found->second.shape != tensor.shape || other_labels) {
      fresh.insert(layer_of(name));
    } else {
      tensor.values = found->second.values;
      ++taken;
    }
  }
  const std::string path = settings.initial_weights.string();
  if (taken == 0) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: found no tensor whose name and shape fit the network {}, expected some (its "
                            "first is '{}')",
                            path, architecture.name, parameter_specs(architecture).front().name));
  }
  for (std::size_t i = 0; i < start.frozen_layers; ++i) {
    if (!fresh.contains(architecture.layers[i].name)) continue;
    throw Error(ExitCode::config,
                fmt::format("{}: found nothing that fits layer '{}', expected all of the {} "
                            "frozen layers",
                            path, architecture.layers[i].name, start.frozen_layers));
  }
  start.provenance = provenance_of(from, settings.initial_weights);
  start.settings["transfer.initial_weights"] = digest(from.weights);
  start.settings["transfer.frozen_layers"] = fmt::format("{}", start.frozen_layers);
  start.summary = fmt::format("{} of {} tensors taken from {}", taken, start.weights.size(), path);
  if (!fresh.empty()) start.summary += fmt::format("; from the seed: {}", fmt::join(fresh, ", "));
  if (start.frozen_layers > 0) {
    start.summary +=
        fmt::format("; frozen up to {} ({} of {} layers)", architecture.layers[start.frozen_layers - 1].name,
                    start.frozen_layers, architecture.layers.size());
  }
  if (!same_features(from, recipe)) start.summary += "; it was trained on other features than these";
  return start;
}

}  // namespace earshot
