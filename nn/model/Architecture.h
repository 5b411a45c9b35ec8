// Architecture: a network as data, a list of named layers.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsp/features/FeatureRecipe.h"
#include "nn/model/LayerKinds.h"

namespace earshot {

/// How a layer's input list names what the network is given.
inline constexpr const char* kNetworkInput = "input";

/// `name` is unique within the network and prefixes its tensors: "conv2d_1" owns "conv2d_1/kernel",
/// "conv2d_1/bias".
struct Layer {
  std::string name;
  LayerKind kind;
  /// Earlier layers, or kNetworkInput. None: the layer before; the network's input for the first.
  std::vector<std::string> inputs{};
  bool operator==(const Layer&) const = default;
};

/// What the logits become: softmax, one class of all; sigmoid, each class by itself, several at once.
enum class Scores { softmax, sigmoid };
constexpr std::array<std::string_view, 2> words_of(Scores) {
  return {"softmax", "sigmoid"};
}

/// The last layer gives the logits.
struct Architecture {
  std::string name;
  FeatureShape input;
  std::vector<Layer> layers;
  Scores scores = Scores::softmax;
  bool operator==(const Architecture&) const = default;
};

/// Height, width, channels after each layer (1, 1, n once flat). Throws Error(bad_data) naming the layer if
/// shapes do not fit, a size is out of range, or names are not unique; every size is bounded, so that a
/// hostile model file cannot ask for huge memory.
std::vector<FeatureShape> output_shapes(const Architecture& architecture);
/// The same of a network that is not finished: later layers may read what none reads yet.
std::vector<FeatureShape> shapes_so_far(const Architecture& architecture);
/// For each layer the layers it reads, by index; -1 is the network's input. Throws as output_shapes does.
std::vector<std::vector<int>> layer_inputs(const Architecture& architecture);
/// How many layers read each layer's output; a layer that reads it twice counts twice.
std::vector<int> reader_counts(const std::vector<std::vector<int>>& inputs);
std::vector<ParameterSpec> parameter_specs(const Architecture& architecture);
/// Values in all of them, running statistics included.
std::int64_t parameter_count(const Architecture& architecture);
/// Logits of the last layer. Throws as output_shapes does.
int class_count(const Architecture& architecture);

}  // namespace earshot
