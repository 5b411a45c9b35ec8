#include "nn/exchange/KerasWeights.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <set>
#include <utility>

#include "dsp/base/Error.h"
#include "nn/exchange/KerasStored.h"
#include "nn/model/LayerFields.h"

namespace earshot {
namespace {

// A layer of ours that owns tensors.
struct Wanted {
  const Layer* layer = nullptr;
  std::vector<ParameterSpec> specs;
};

std::vector<Wanted> wanted_layers(const Architecture& architecture) {
  std::vector<Wanted> wanted;
  for (ParameterSpec& spec : parameter_specs(architecture)) {
    const Layer* layer = &architecture.layers[spec.layer];
    if (wanted.empty() || wanted.back().layer != layer) wanted.push_back({layer, {}});
    wanted.back().specs.push_back(std::move(spec));
  }
  return wanted;
}

std::string cleaned(std::string name) {
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-' && c != '.') c = '_';
  }
  return name;
}

// Keras 3 calls a depthwise kernel "kernel".
bool is_called(const std::string& variable, const ParameterSpec& spec) {
  const std::string ours = last_keras_name(spec.name);
  return variable == ours || (ours == "depthwise_kernel" && variable == "kernel");
}

// Where each tensor of `wanted` lies, or nothing if the layer has others.
std::optional<std::vector<std::string>> paths_for(const Wanted& wanted, const KerasStored& stored) {
  std::vector<std::string> paths;
  // Normalization keeps a count behind mean and variance, which nothing here needs.
  const bool counts = std::holds_alternative<Normalization>(wanted.layer->kind);
  const std::size_t spare = counts ? 1 : 0;
  if (stored.paths.size() < wanted.specs.size() || stored.paths.size() > wanted.specs.size() + spare)
    return std::nullopt;
  if (stored.variables.empty()) {
    return std::vector<std::string>(stored.paths.begin(),
                                    stored.paths.begin() + static_cast<std::ptrdiff_t>(wanted.specs.size()));
  }
  for (const ParameterSpec& spec : wanted.specs) {
    const auto found = std::find_if(stored.variables.begin(), stored.variables.end(),
                                    [&](const std::string& variable) { return is_called(variable, spec); });
    if (found == stored.variables.end()) return std::nullopt;
    paths.push_back(stored.paths[static_cast<std::size_t>(found - stored.variables.begin())]);
  }
  return paths;
}

std::string described(const KerasStored& stored) {
  if (stored.variables.empty()) return std::to_string(stored.paths.size()) + " variables";
  std::string text;
  for (const std::string& variable : stored.variables) text += (text.empty() ? "" : ", ") + variable;
  return text;
}

std::string described(const Wanted& wanted) {
  std::string text;
  for (const ParameterSpec& spec : wanted.specs)
    text += (text.empty() ? "" : ", ") + last_keras_name(spec.name);
  return text;
}

// Reads what belongs to `wanted`; a tensor of another shape ends in an error, or with `try_only` in false.
bool take(const Hdf5File& file, const Wanted& wanted, const KerasStored& stored, bool try_only,
          Weights& weights) {
  const auto paths = paths_for(wanted, stored);
  if (!paths) {
    if (try_only) return false;
    throw Error(ExitCode::bad_data, "layer '" + wanted.layer->name + "': the file has " + described(stored) +
                                        " for it, expected " + described(wanted));
  }
  Weights read;
  for (std::size_t i = 0; i < wanted.specs.size(); ++i) {
    const ParameterSpec& spec = wanted.specs[i];
    const std::vector<std::int64_t> shape = file.shape((*paths)[i]);
    if (shape != spec.shape) {
      if (try_only) return false;
      throw Error(ExitCode::bad_data, "layer '" + wanted.layer->name + "': its " +
                                          last_keras_name(spec.name) + " has shape " + shape_text(shape) +
                                          ", expected " + shape_text(spec.shape));
    }
    read.emplace(spec.name, file.tensor((*paths)[i]));
  }
  weights.merge(read);
  return true;
}

// A Keras layer of a legacy file: in its group, by its own name or the end of a longer one.
KerasStored* find_legacy(std::vector<KerasStored>& layers, const KerasOrigin& origin) {
  KerasStored* by_end = nullptr;
  for (KerasStored& layer : layers) {
    if (layer.container != origin.group || layer.used) continue;
    if (layer.name == origin.name) return &layer;
    if (layer.name.ends_with("/" + origin.name) && !by_end) by_end = &layer;
  }
  if (by_end) return by_end;
  // A layer's variables may be under another name than its own; then its group holds nothing else.
  KerasStored* only = nullptr;
  for (KerasStored& layer : layers) {
    if (layer.container != origin.group || origin.group != origin.name) continue;
    if (only) return nullptr;
    only = &layer;
  }
  return only && !only->used ? only : nullptr;
}

}  // namespace

KerasWeights read_keras_weights(const Hdf5File& file, const KerasGraph& graph) {
  const bool legacy = keras_layout(file) == KerasLayout::legacy;
  std::vector<KerasStored> layers;
  if (legacy) layers = legacy_keras_layers(file);
  KerasWeights result;
  for (const Wanted& wanted : wanted_layers(graph.architecture)) {
    const std::string& name = wanted.layer->name;
    if (graph.constants.contains(wanted.specs.front().name)) {
      for (const ParameterSpec& spec : wanted.specs) {
        Tensor tensor = graph.constants.at(spec.name);
        // One value for all channels.
        const auto channels = static_cast<std::size_t>(spec.shape.front());
        if (tensor.values.size() == 1)
          tensor = {spec.shape, std::vector<float>(channels, tensor.values.front())};
        result.weights.emplace(spec.name, std::move(tensor));
      }
      continue;
    }
    const KerasOrigin& origin = graph.origins.at(name);
    if (legacy) {
      KerasStored* stored = find_legacy(layers, origin);
      if (!stored) {
        throw Error(ExitCode::bad_data,
                    "layer '" + name + "': the file has no weights for it, expected " + described(wanted));
      }
      stored->used = take(file, wanted, *stored, false, result.weights);
    } else {
      const KerasStored stored{name, {}, {}, {}, store_keras_variables(file, origin.store_path), true};
      take(file, wanted, stored, false, result.weights);
    }
  }
  return result;
}

KerasWeights read_keras_weights(const Hdf5File& file, const Architecture& architecture) {
  const bool legacy = keras_layout(file) == KerasLayout::legacy;
  std::vector<KerasStored> layers = legacy ? legacy_keras_layers(file) : store_keras_layers(file);
  KerasWeights result;
  std::vector<Wanted> left;
  for (Wanted& wanted : wanted_layers(architecture)) {
    const std::string& name = wanted.layer->name;
    const auto same = [&](const KerasStored& layer) {
      return !layer.used && (cleaned(layer.name) == name || cleaned(last_keras_name(layer.name)) == name);
    };
    // Keras' own names, "conv2d_8", go on counting from one network to the next: they say an order only.
    const bool numbered = without_number(name) == traits_of(wanted.layer->kind).word;
    const auto stored = numbered ? layers.end() : std::find_if(layers.begin(), layers.end(), same);
    if (stored == layers.end()) {
      left.push_back(std::move(wanted));
    } else {
      stored->used = take(file, wanted, *stored, false, result.weights);
    }
  }
  for (const Wanted& wanted : left) {
    Weights found;
    const auto fits = [&](const KerasStored& layer) {
      if (layer.used || (!legacy && layer.base != traits_of(wanted.layer->kind).word)) return false;
      found.clear();
      return take(file, wanted, layer, true, found);
    };
    const auto stored = std::find_if(layers.begin(), layers.end(), fits);
    if (stored == layers.end()) {
      result.missing.push_back(wanted.layer->name);
      continue;
    }
    result.weights.merge(found);
    stored->used = true;
    // Which of two models comes first, nobody says.
    const auto elsewhere = [&](const KerasStored& layer) {
      return layer.container != stored->container && fits(layer);
    };
    if (!legacy && std::any_of(stored + 1, layers.end(), elsewhere)) {
      throw Error(ExitCode::bad_data,
                  "layer '" + wanted.layer->name +
                      "': layers of two nested models in the file fit it, expected one (the whole "
                      "model, saved as .keras, tells which)");
    }
  }
  for (const KerasStored& layer : layers) {
    if (!layer.used) result.unused.push_back(layer.name.empty() ? layer.paths.front() : layer.name);
  }
  return result;
}

}  // namespace earshot
