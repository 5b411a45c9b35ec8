// KerasGraph: a Keras model's configuration, nested models unfolded -> an architecture, and where its weights
// lie.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"

namespace earshot {

inline constexpr std::size_t kMaxKerasJsonBytes = std::size_t{8} << 20U;
inline constexpr int kMaxKerasNesting = 8;  ///< of models in models

/// Where Keras keeps the variables of one of our layers.
struct KerasOrigin {
  std::string name;        ///< the Keras layer's own
  std::string group;       ///< in an .h5: the outermost model's layer that holds it; itself unless nested
  std::string store_path;  ///< in a .keras or .weights.h5: "layers/functional/layers/conv2d_1"
};

struct KerasGraph {
  Architecture architecture;
  std::map<std::string, KerasOrigin> origins;  ///< of each layer of ours that came from a Keras layer
  Weights constants;                           ///< tensors that the configuration itself holds
  std::vector<std::string> notes;              ///< what was not taken over, a line each
};

/// `json`: {"class_name": "Sequential" or "Functional", "config": {...}}, as in config.json and in the
/// attribute model_config. Where the model leaves height, width or channels open, `input`'s are taken. Throws
/// Error(bad_data) naming the layer and what is supported; its memory is bounded by a small multiple of the
/// text's size.
KerasGraph read_keras_graph(std::string_view json, const FeatureShape& input);

/// As Keras calls a class's layers: "SeparableConv2D" -> "separable_conv2d" (keras/src/utils/naming.py).
std::string keras_snake_case(std::string_view class_name);

}  // namespace earshot
