// KerasTraining: what of a Keras layer's configuration matters for training only.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "nn/exchange/KerasConfig.h"
#include "nn/model/Architecture.h"

namespace earshot {

/// What has no counterpart in training here is told, not refused: scores do not depend on it.
void note_training_only(const KerasConfig& config, std::initializer_list<const char*> keys,
                        std::vector<std::string>& notes);

/// L2's factor, the only regularizer that training here knows; 0 with a note for any other.
float kernel_l2(const KerasConfig& config, std::vector<std::string>& notes);

/// Of a training that starts anew with the same network: GlorotUniform, unless it is what EfficientNets have.
Initializer initializer_of(const KerasConfig& config, const char* key);

}  // namespace earshot
