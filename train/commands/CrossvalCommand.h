// CrossvalCommand: `trainer crossval`, every fold held out once, trained without it and measured on it.
#pragma once

#include <optional>

#include "train/commands/TrainOptions.h"

namespace earshot {

class CommandLine;

struct CrossvalOptions {
  TrainOptions train;        ///< of every fold; `out` is the directory of them all
  std::optional<int> folds;  ///< how many to make, for a data set without any; nothing: 5
};

/// For each fold K what `trainer train --fold K --out OUT/fold-K` does, then the kept model is measured on
/// fold K: once, after its training, so that nothing is chosen by it. What is there already is gone on with,
/// a finished fold is not trained again, other settings are refused. Leaves summary.json, scores.csv,
/// report.html and report.json beside the folds. A line a fold and the mean go to standard output. Returns
/// the exit code: 0, or 128 + the signal that stopped it, once everything is saved. Throws Error.
int run_crossval(const CrossvalOptions& options);
void add_crossval(CommandLine& line);

}  // namespace earshot
