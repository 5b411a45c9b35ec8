// KerasActivation: the function that a Keras layer applies to what it has computed -> a layer of ours.
#pragma once

#include "nn/exchange/KerasConfig.h"
#include "nn/exchange/KerasLayers.h"
#include "nn/model/Architecture.h"

namespace earshot {

/// The option "activation": a function's name, a function as an object, or a layer in its place. Appends one
/// part with a suffix ("_relu"), sets `softmax`, or does nothing for linear. Throws Error(bad_data) for any
/// other, and for one that is not Keras' own.
void append_keras_activation(const KerasConfig& config, KerasReading& reading);

/// Of the layers of these names. Each throws Error(bad_data) for an option that we lack.
LayerKind keras_relu(const KerasConfig& config);
LayerKind keras_leaky_relu(const KerasConfig& config);

}  // namespace earshot
