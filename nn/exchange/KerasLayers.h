// KerasLayers: one Keras layer's configuration -> the layers of ours that do the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nn/exchange/KerasConfig.h"
#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"

namespace earshot {

/// A kind of ours and what its layer is called after the Keras layer's name: "", "_swish".
struct KerasPart {
  std::string suffix;
  LayerKind kind;
};

struct KerasReading {
  std::vector<KerasPart> parts;    ///< one after the other; none where Keras' layer changes nothing
  bool softmax = false;            ///< ends in a softmax, which is no layer of ours
  int rank = 4;                    ///< of its output: 4 (batch, height, width, channels) or 2 (batch, values)
  Weights constants;               ///< tensors that the configuration holds, by their last name: "mean"
  std::vector<std::string> notes;  ///< what matters for training only and is not taken over
};

/// Whether Keras' class is a layer of ours with one input; Add and Multiply are not among them.
bool is_supported_keras_layer(std::string_view class_name);
/// "Activation, Add, ...", models that may be nested included: for errors.
std::string supported_keras_layers();

/// `rank` is that of its input. Throws Error(bad_data) naming layer, option, what was found and expected.
KerasReading read_keras_layer(const KerasConfig& config, int rank);

}  // namespace earshot
