// TrainCommand: `trainer train`, from a data set to a directory with a model in it.
#pragma once

#include "train/commands/TrainOptions.h"

namespace earshot {

class CommandLine;

/// Leaves in `out` what train_into() does and prints the model's path to standard output, how it goes to
/// standard error. Returns the exit code: 0, or 128 + the signal that stopped it, once everything is saved.
/// Throws Error.
int run_train(const TrainOptions& options);
void add_train(CommandLine& line);

}  // namespace earshot
