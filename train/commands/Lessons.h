// Lessons: what a base is taught with, loaded: data set, labels, embeddings, negatives.
#pragma once

#include <optional>

#include "dsp/base/StopSignal.h"
#include "train/commands/TrainOptions.h"
#include "train/teaching/HeadTeacher.h"
#include "train/teaching/TeachConfig.h"

namespace earshot {

/// Neither copied nor moved: a teacher refers to its parts.
class Lessons {
 public:
  /// Prints to standard error what was found and left out. `data` is as open_data_set gives it, with folds if they are
  /// wanted; without clips of the fold `held_out`, which are not even read. Throws Error.
  Lessons(const TrainOptions& options, DataSet data, std::optional<int> held_out, const StopSignal& stop);
  Lessons(const Lessons&) = delete;
  Lessons& operator=(const Lessons&) = delete;

  /// False once a signal came; then nothing else is of use.
  bool complete() const noexcept { return windows_.complete; }
  const Base& base() const noexcept { return base_; }
  const DataSet& data() const noexcept { return data_; }
  const TaughtLabels& taught() const noexcept { return taught_; }
  const WindowEmbeddings& windows() const noexcept { return windows_; }
  /// Families of the bank that are left out.
  const std::vector<std::string>& without() const noexcept { return without_; }
  TeachingMaterial material() const { return {base_, data_, taught_, windows_, bank_}; }
  HeadTeacher teacher(const TrainOptions& options) const;

  /// The base with what `head` learnt, and where all that comes from.
  Model model(const TaughtHead& head, const TrainOptions& options) const;

 private:
  /// Without windows yet.
  Lessons(const TeachConfig& config, DataSet data);

  Base base_;
  std::string notice_;  ///< that credits the data
  std::vector<std::string> without_;
  DataSet data_;
  TaughtLabels taught_;
  NegativeBank bank_;
  WindowEmbeddings windows_;
};

/// Whether the options ask for a base to be taught instead of a network to be trained.
bool teaches_base(const TrainOptions& options);

}  // namespace earshot
