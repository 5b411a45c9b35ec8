// Training: a run from features to weights, step by step, that can stop after any step and go on later.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nn/training/Network.h"
#include "train/learning/Loss.h"
#include "train/learning/Optimizer.h"
#include "train/learning/TrainConfig.h"
#include "train/learning/TrainingProgress.h"
#include "train/learning/TrainingState.h"
#include "train/samples/BatchLoader.h"
#include "train/samples/FeatureSet.h"
#include "train/samples/SampleMaker.h"

namespace earshot {

/// Random numbers are keyed by seed, epoch and clip: the same configuration, features, thread count and
/// machine give the same weights, bit for bit, however often the run was stopped. Not thread safe; works on
/// `threads` threads.
class Training {
 public:
  /// `train` and `validation` (without any clip if there is none) must outlive it. Throws Error(bad_data) for
  /// a class without training clips where classes are weighted.
  Training(const TrainConfig& config, int classes, const Start& start, const FeatureSet& train,
           const FeatureSet& validation, int threads);

  /// Goes on from there. Throws Error(bad_data) if it does not fit the network.
  void set_state(TrainingState state);
  /// Where the run is; its `settings` are left to the caller.
  TrainingState state() const;

  /// All epochs done, or stopped early.
  bool finished() const noexcept;

  enum class Outcome { interrupted, done, done_best };
  /// The epoch in progress up to its end, validation and callbacks included, or until `stop` says so between
  /// two steps. done_best: the checkpoint's monitor was never better. Throws Error(config) once a loss, a
  /// gradient or a weight is not finite, naming epoch, step and tensor; what was saved before stays good.
  Outcome run_epoch(const std::function<bool()>& stop, TrainingProgress& progress);

  /// After the last epoch, before weights_to_keep(): measures BatchNorm's statistics if the configuration
  /// wants them measured and no epoch had a use for them. May be called again. Throws as run_epoch() does.
  void finish();

  /// What the run has come to, running statistics included: the weights' average where the configuration
  /// keeps one, else the weights now.
  Weights weights() const { return state_.average.empty() ? network_.weights() : state_.average; }
  /// Complete epochs.
  int epochs_done() const noexcept { return static_cast<int>(state_.history.size()); }
  /// Of which there is one at least.
  const EpochRecord& last_epoch() const { return state_.history.back(); }
  /// What the run is for: the epoch early stopping goes back to, else the last one.
  Weights weights_to_keep() const;
  /// How long steps have waited for their batches.
  double seconds_waited() const noexcept { return loader_.seconds_waited(); }
  /// The epoch, counted from 1, that weights_to_keep() are of.
  int epoch_to_keep() const noexcept;

 private:
  void train_batch(const Batch& batch, double learning_rate);
  void load_from(std::size_t epoch, std::size_t clip);
  BatchLoss loss_of(std::span<const float> logits, std::span<const float> targets,
                    std::span<const float> class_weights, std::span<float> gradients) const noexcept;
  Outcome end_epoch(double learning_rate, TrainingProgress& progress);
  /// Runs `work` while the network has what weights() gives; what it changes there stays.
  void with_weights_to_judge(const std::function<void()>& work);
  bool measures_statistics() const noexcept;
  /// Whether something asks for an epoch's weights: validation or a callback.
  bool epochs_are_judged() const noexcept;
  void measure(std::size_t epoch, double learning_rate);
  std::span<const float> validation_images(std::size_t first, std::size_t n);
  void validate(EpochRecord& record);
  [[noreturn]] void refuse_not_finite(const std::string& place, const std::string& what,
                                      double learning_rate) const;

  TrainConfig config_;
  const FeatureSet& train_;
  const FeatureSet& validation_;
  std::size_t classes_;
  std::vector<float> class_weights_;  ///< one a class, or empty
  Network network_;
  Optimizer optimizer_;
  TrainingState state_;  ///< its weights and moments are those of network_ and optimizer_

  std::vector<std::uint64_t> keys_;  ///< batch, of the dropout
  std::vector<float> logits_;        ///< batch x classes
  std::vector<float> gradients_;     ///< batch x classes
  std::vector<float> images_;        ///< batch x height x width x channels, of streamed validation
  std::vector<float> image_;         ///< height x width x channels
  std::vector<float> targets_;       ///< batch x classes, of validation

  SampleSource source_;
  BatchLoader loader_;
  std::optional<std::size_t> loading_;  ///< the epoch that loader_ gives next, from its next clip on
};

}  // namespace earshot
