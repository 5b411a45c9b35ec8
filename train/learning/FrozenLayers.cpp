#include "train/learning/FrozenLayers.h"

#include <algorithm>

#include "nn/training/Network.h"

namespace earshot {
namespace {

constexpr std::size_t kBatch = 16;  ///< clips at a time: memory for their activations

}  // namespace

std::optional<SplitNetwork> split_network(const Start& start) {
  const Architecture& architecture = start.architecture;
  const std::size_t layers = start.frozen_layers;
  if (layers == 0 || layers >= architecture.layers.size()) return std::nullopt;
  const FeatureShape between = output_shapes(architecture)[layers - 1];
  if (between.height != 1 || between.width != 1) return std::nullopt;
  SplitNetwork split{architecture, {}, architecture, {}};
  const auto border = static_cast<std::ptrdiff_t>(layers);
  split.base.layers.erase(split.base.layers.begin() + border, split.base.layers.end());
  split.rest.layers.erase(split.rest.layers.begin(), split.rest.layers.begin() + border);
  split.rest.input = between;
  for (Layer& layer : split.rest.layers) {
    for (std::string& input : layer.inputs) {
      if (input == split.base.layers.back().name) {
        input = "input";
      } else if (std::ranges::find(split.rest.layers, input, &Layer::name) == split.rest.layers.end()) {
        return std::nullopt;
      }
    }
  }
  for (const ParameterSpec& spec : parameter_specs(split.base))
    split.base_weights[spec.name] = start.weights.at(spec.name);
  for (const ParameterSpec& spec : parameter_specs(split.rest))
    split.rest_weights[spec.name] = start.weights.at(spec.name);
  return split;
}

FeatureSet base_outputs(const SplitNetwork& split, const FeatureSet& features, int threads) {
  if (features.size() == 0) return {};
  FeatureSet outputs;
  outputs.shape = split.rest.input;
  outputs.labels = features.labels;
  outputs.also = features.also;
  outputs.clips = features.clips;
  outputs.starts = features.starts;
  outputs.quiet = features.quiet;
  outputs.files = features.files;
  outputs.images.resize(features.size() * outputs.shape.size());
  Network base(split.base, split.base_weights, threads);
  std::vector<float> images;
  std::vector<float> room;
  for (std::size_t first = 0; first < features.size(); first += kBatch) {
    const std::size_t n = std::min(kBatch, features.size() - first);
    images.clear();
    for (std::size_t i = first; i < first + n; ++i) {
      const auto image = features.image(i, room);
      images.insert(images.end(), image.begin(), image.end());
    }
    base.infer(images, n,
               std::span(outputs.images).subspan(first * outputs.shape.size(), n * outputs.shape.size()));
  }
  return outputs;
}

}  // namespace earshot
