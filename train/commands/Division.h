// Division: which clips of a data set train and which validate, as the configuration says.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "train/data/DataSet.h"
#include "train/learning/TrainConfig.h"

namespace earshot {

/// Indices into DataSet::clips.
struct Division {
  std::vector<std::size_t> train;
  std::vector<std::size_t> validation;
};

/// Of the training list; clips of the fold `held_out` are in neither part. Background clips train, those of
/// the folds held out or validated on excepted. Throws Error(bad_data) where the data cannot be divided so,
/// or training clips would all be of one class; Error(config) if the validation fold is the one held out.
Division divide(const DataSet& data, const TrainConfig& config, std::optional<int> held_out);

}  // namespace earshot
