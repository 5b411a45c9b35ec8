// TeachRun: `trainer train --base` and `trainer crossval --base`.
#pragma once

#include <optional>

#include "train/commands/TrainOptions.h"

namespace earshot {

/// Leaves in `options.out`: model.safetensors. Returns the exit code: 0, or 128 + the signal that stopped
/// it. Throws Error.
int run_teach(const TrainOptions& options);

/// Every fold held out once. Leaves summary.json in `options.out`; figures go to standard output. `folds`: how many to
/// make, for a data set without any.
int run_teach_crossval(const TrainOptions& options, std::optional<int> folds);

}  // namespace earshot
