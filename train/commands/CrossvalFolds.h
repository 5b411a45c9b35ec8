// open_with_folds: a data set for a cross-validation.
#pragma once

#include <cstdint>
#include <optional>

#include "train/commands/TrainOptions.h"
#include "train/data/DataSet.h"

namespace earshot {

/// With folds of its own, else with `folds` made ones (5 unless said), dealt by `seed`. Throws as open_data_set does, and
/// Error(usage) if folds are asked for that the data has already.
DataSet open_with_folds(const TrainOptions& options, std::optional<int> folds, std::uint32_t seed);

}  // namespace earshot
