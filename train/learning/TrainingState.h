// TrainingState: everything a run needs to go on as if it had never stopped, and the file that keeps it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nn/model/Weights.h"
#include "train/learning/EarlyStopping.h"
#include "train/learning/History.h"
#include "train/learning/ModelCheckpoint.h"
#include "train/learning/Optimizer.h"
#include "train/learning/ReduceLrOnPlateau.h"

namespace earshot {

struct TrainingState {
  /// The epoch in progress, up to the last step done.
  struct Progress {
    std::size_t clips = 0;    ///< trained on, in the epoch's order
    double loss_sum = 0.0;    ///< over clips
    std::size_t judged = 0;   ///< of clips: those that are something
    std::size_t correct = 0;  ///< of judged
    double seconds = 0.0;
  };

  std::map<std::string, std::string> settings;  ///< of the configuration and the data behind it
  Weights weights;
  Optimizer::State optimizer;
  Weights average;             ///< of the weights (WeightAverage); empty if there is none
  double learning_rate = 0.0;  ///< before the schedule, after the plateaus
  Progress progress;
  std::vector<EpochRecord> history;  ///< the epochs that are complete
  ReduceLrOnPlateau::State plateau;
  EarlyStopping::State early_stopping;
  bool stopped_early = false;
  Weights kept;  ///< what early stopping would go back to; empty if nothing
  ModelCheckpoint checkpoint;
};

/// One safetensors file, written atomically. Throws Error(io).
void save_training_state(const TrainingState& state, const std::filesystem::path& path);

/// Numbers are read back to the bit. Throws Error(no_input) if missing, Error(bad_data) naming the file and
/// what is wrong with it.
TrainingState load_training_state(const std::filesystem::path& path);

}  // namespace earshot
