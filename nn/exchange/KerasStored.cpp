#include "nn/exchange/KerasStored.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "dsp/base/Error.h"
#include "nn/exchange/KerasGraph.h"

namespace earshot {
namespace {

constexpr std::size_t kMaxGroups = 65536;

// Long lists are parted: layer_names0, layer_names1, ... (keras/src/legacy/saving/legacy_h5_format.py).
std::vector<std::string> text_list(const Hdf5File& file, const std::string& group, const std::string& name) {
  if (auto whole = file.texts_attribute(group, name)) return std::move(*whole);
  std::vector<std::string> all;
  for (int part = 0;; ++part) {
    auto texts = file.texts_attribute(group, name + std::to_string(part));
    if (!texts) return all;
    all.insert(all.end(), texts->begin(), texts->end());
    if (all.size() > kMaxGroups)
      throw Error(ExitCode::bad_data, "HDF5: " + name + " has more than 65536 entries");
  }
}

// "conv2d" before "conv2d_1" before "conv2d_10", class by class.
bool store_order(const std::string& a, const std::string& b) {
  const auto parts = [](const std::string& name) {
    const std::size_t end = name.find_last_not_of("0123456789");
    if (end == std::string::npos || name[end] != '_' || end + 1 == name.size() || name.size() - end > 9) {
      return std::pair(name, 0);
    }
    return std::pair(name.substr(0, end), std::stoi(name.substr(end + 1)));
  };
  return parts(a) < parts(b);
}

void append_store(const Hdf5File& file, const std::string& container, int depth, std::size_t& visited,
                  std::vector<KerasStored>& layers) {
  if (depth > kMaxKerasNesting || !file.has_group(container + "layers")) return;
  std::vector<std::string> names = file.children(container + "layers");
  std::sort(names.begin(), names.end(), store_order);
  for (const std::string& name : names) {
    if (++visited > kMaxGroups) throw Error(ExitCode::bad_data, "HDF5: more than 65536 layers");
    const std::string path = container + "layers/" + name;
    std::vector<std::string> paths = store_keras_variables(file, path);
    if (!paths.empty()) {
      const std::string own = file.text_attribute(path + "/vars", "name").value_or("");
      layers.push_back({own, container, without_number(name), {}, std::move(paths), false});
    }
    append_store(file, path + "/", depth + 1, visited, layers);
  }
}

}  // namespace

KerasLayout keras_layout(const Hdf5File& file) {
  if (file.has_group("model_weights") || !text_list(file, "", "layer_names").empty())
    return KerasLayout::legacy;
  if (file.has_group("layers")) return KerasLayout::store;
  throw Error(
      ExitCode::bad_data,
      "is HDF5, but holds no Keras weights: expected the group 'layers' or the attribute 'layer_names'");
}

std::vector<KerasStored> legacy_keras_layers(const Hdf5File& file) {
  const std::string root = file.has_group("model_weights") ? "model_weights" : "";
  const std::string prefix = root.empty() ? "" : root + "/";
  std::vector<KerasStored> layers;
  std::size_t variables = 0;
  for (const std::string& group : text_list(file, root, "layer_names")) {
    if (!file.has_group(prefix + group)) {
      throw Error(ExitCode::bad_data,
                  "HDF5: group '" + prefix + group + "' is missing, but listed in layer_names");
    }
    const std::size_t first = layers.size();
    for (const std::string& weight : text_list(file, prefix + group, "weight_names")) {
      std::string variable = last_keras_name(weight);
      variable = variable.substr(0, variable.find(':'));
      const std::size_t slash = weight.rfind('/');
      const std::string name = slash == std::string::npos ? group : weight.substr(0, slash);
      const auto same = [&](const KerasStored& layer) { return layer.name == name; };
      auto layer = std::find_if(layers.begin() + static_cast<std::ptrdiff_t>(first), layers.end(), same);
      if (layer == layers.end()) layer = layers.insert(layers.end(), {name, group, {}, {}, {}, false});
      layer->variables.push_back(std::move(variable));
      layer->paths.push_back(prefix + group + "/" + weight);
      if (++variables > kMaxGroups) throw Error(ExitCode::bad_data, "HDF5: more than 65536 variables");
    }
  }
  return layers;
}

std::vector<std::string> store_keras_variables(const Hdf5File& file, const std::string& layer) {
  std::vector<std::string> paths;
  for (int i = 0; file.has_dataset(layer + "/vars/" + std::to_string(i)); ++i) {
    paths.push_back(layer + "/vars/" + std::to_string(i));
  }
  return paths;
}

std::vector<KerasStored> store_keras_layers(const Hdf5File& file) {
  std::vector<KerasStored> layers;
  std::size_t visited = 0;
  append_store(file, "", 0, visited, layers);
  return layers;
}

std::string last_keras_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string without_number(const std::string& name) {
  const std::size_t end = name.find_last_not_of("0123456789");
  const bool numbered = end != std::string::npos && end + 1 < name.size() && name[end] == '_';
  return numbered ? name.substr(0, end) : name;
}

}  // namespace earshot
