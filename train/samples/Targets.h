// Targets: what a network's scores should be for a clip.
#pragma once

#include <cstddef>
#include <span>

#include "nn/model/Architecture.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

/// `target` one value a class. Scores that are a softmax share 1: a clip of one label is its one-hot, of
/// several an equal share of each, of background an equal share of all (Hendrycks 2019, "Deep anomaly
/// detection with outlier exposure"). Scores that are sigmoids: 1 for each of the clip's labels, none for
/// background.
void fill_target(const FeatureSet& clips, std::size_t clip, Scores scores, std::span<float> target);

}  // namespace earshot
