// TensorBoardLog: a run's event files as Keras' TensorBoard callback leaves them: scalars and histograms an
// epoch.
#pragma once

#include <filesystem>
#include <optional>

#include "nn/model/Weights.h"
#include "train/learning/History.h"
#include "train/report/EventFile.h"

namespace earshot {

/// `train/` holds epoch_loss, epoch_accuracy, epoch_learning_rate and `<layer>/<variable>/histogram`,
/// `validation/` the first two. Steps count epochs from 0, as in Keras.
class TensorBoardLog {
 public:
  /// Goes on in `directory` after `epochs_done` epochs: later ones that it holds are forgotten, so that a run
  /// that was killed and resumed shows each epoch once. Throws Error(io).
  TensorBoardLog(const std::filesystem::path& directory, int epochs_done, bool has_validation);

  /// Throws Error(io).
  void epoch_done(const EpochRecord& record, const Weights& weights);

 private:
  EventFile train_;
  std::optional<EventFile> validation_;
};

}  // namespace earshot
