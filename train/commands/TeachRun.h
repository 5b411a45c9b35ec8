// TeachRun: `trainer train --base` and `trainer crossval --base`.
#pragma once

#include <optional>

#include "train/commands/TrainOptions.h"

namespace earshot {

/// Leaves in `options.out`: model.safetensors, report.html, report.json. Returns the exit code: 0, or 128 +
/// the signal that stopped it. Throws Error.
int run_teach(const TrainOptions& options);

/// Every fold held out once. Leaves summary.json, report.html, report.json and a model in each fold-K in
/// `options.out`; figures go to standard output. `folds`: how many to make, for a data set without any.
int run_teach_crossval(const TrainOptions& options, std::optional<int> folds);

}  // namespace earshot
