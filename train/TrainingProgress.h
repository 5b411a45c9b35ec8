// TrainingProgress: a live line on a terminal, a plain line an epoch into a pipe.
#pragma once

#include <chrono>
#include <cstddef>
#include <ostream>

#include "train/History.h"

namespace earshot {

/// Writes where it is told; says how fast, how long still, and how well. Not thread safe.
class TrainingProgress {
 public:
  /// `live`: the stream is a terminal, whose last line may be written over. `epoch_clips` are trained on in
  /// each of `epochs` epochs.
  TrainingProgress(std::ostream& out, bool live, int epochs, std::size_t epoch_clips);

  /// Training of `epoch`, counted from 1, goes on with `clips` of its clips already done.
  void epoch_started(int epoch, std::size_t clips);
  /// After a step: `clips` of this epoch are done, with this mean loss and accuracy so far.
  void step_done(std::size_t clips, double loss, double accuracy);
  void epoch_done(const EpochRecord& record);

 private:
  using Clock = std::chrono::steady_clock;
  double clips_per_second(std::size_t clips) const;
  double seconds_left(std::size_t clips) const;

  std::ostream& out_;
  bool live_;
  int epochs_;
  std::size_t epoch_clips_;
  int epoch_ = 1;
  std::size_t first_clip_ = 0;  ///< of this epoch that this run trains on
  Clock::time_point epoch_start_;
};

}  // namespace earshot
