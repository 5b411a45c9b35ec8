// TrainRun: one training, from a data set that is open to a directory with a model in it.
#pragma once

#include <string>

#include "dsp/base/StopSignal.h"
#include "train/commands/TrainOptions.h"
#include "train/data/DataSet.h"

namespace earshot {

/// Leaves in `options.out`: model.safetensors (the epoch early stopping goes back to, else the last),
/// best.safetensors (the checkpoint's best epoch; without a checkpoint the same as model.safetensors),
/// history.csv, report.html, report.json, tensorboard/, and resume.safetensors, which --resume goes on from.
/// A run that is finished is left as it is. Prints how it goes to standard error; `to_go_on` is what a
/// stopped run tells the user to type. Returns the exit code: 0, or 128 + the signal that stopped it, once
/// everything is saved. Throws Error.
int train_into(const TrainOptions& options, const TrainConfig& config, const DataSet& data,
               const StopSignal& stop, const std::string& to_go_on);

/// Throws Error if `fold` cannot be held out.
void check_fold(const TrainConfig& config, const DataSet& data, int fold);

}  // namespace earshot
