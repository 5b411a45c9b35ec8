// ModelFrame: everything of a run's model but the weights that are trained.
#pragma once

#include <optional>

#include "nn/model/Model.h"
#include "train/data/DataSet.h"
#include "train/learning/TrainConfig.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

/// Recipe, labels, architecture, and where the model comes from; `held_out` is the fold that was. Throws
/// Error(bad_data) naming the data set if no model of it with the `start`'s weights could be saved: said
/// before the first epoch, not after the last.
Model model_frame(const TrainConfig& config, const DataSet& data, const FeatureSet& train,
                  const FeatureSet& validation, const Start& start, std::optional<int> held_out);

}  // namespace earshot
