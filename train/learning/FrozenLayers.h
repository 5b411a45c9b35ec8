// FrozenLayers: first layers that a run leaves as they are, computed once a clip instead of in every epoch.
#pragma once

#include <optional>

#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"
#include "train/learning/Transfer.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

/// A network in two: what the first part gives is what the second is given.
struct SplitNetwork {
  Architecture base;
  Weights base_weights;
  Architecture rest;
  Weights rest_weights;
};

/// Splits after the frozen layers. Nothing if there are none, if they give an image instead of a flat tensor,
/// which a Network cannot give, or if a later layer looks back past the last of them.
std::optional<SplitNetwork> split_network(const Start& start);

/// What the base gives for every clip, inference as always with frozen layers; labels and clips are those of
/// `features`, whose pictures are no longer needed.
FeatureSet base_outputs(const SplitNetwork& split, const FeatureSet& features, int threads);

}  // namespace earshot
