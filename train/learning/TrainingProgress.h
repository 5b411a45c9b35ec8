// TrainingProgress: a live line on a terminal, a plain line an epoch into a pipe.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>

#include "dsp/base/Terminal.h"
#include "train/learning/History.h"

namespace earshot {

/// What the live line tells.
struct ProgressLine {
  int epoch = 1;  ///< counted from 1
  int epochs = 1;
  std::size_t clips = 0;  ///< of this epoch that are done
  std::size_t epoch_clips = 1;
  std::size_t step = 0;
  std::size_t steps = 1;
  double clips_per_second = 0.0;
  double epoch_seconds_left = 0.0;
  double run_seconds_left = 0.0;
  double loss = 0.0;
  double accuracy = 0.0;
  bool validating = false;
};

/// At most `columns` wide (5 at least), escape sequences for colour not counted: what matters least is left
/// out where there is no room for all of it.
std::string progress_line(const ProgressLine& line, int columns, bool colour, bool unicode);

/// Writes where it is told; says how fast, how long still, and how well. Not thread safe.
class TrainingProgress {
 public:
  /// `epoch_clips` are trained on in each of `epochs` epochs, `batch` a step.
  TrainingProgress(std::ostream& out, const Terminal& terminal, int epochs, std::size_t epoch_clips,
                   std::size_t batch);
  ~TrainingProgress() { leave_line(); }
  TrainingProgress(const TrainingProgress&) = delete;
  TrainingProgress& operator=(const TrainingProgress&) = delete;

  /// Training of `epoch`, counted from 1, goes on with `clips` of its clips already done.
  void epoch_started(int epoch, std::size_t clips);
  /// After a step: `clips` of this epoch are done, with this mean loss and accuracy so far.
  void step_done(std::size_t clips, double loss, double accuracy);
  /// All steps are done, validation begins.
  void validating();
  void epoch_done(const EpochRecord& record);
  /// What others write next begins a line of its own.
  void leave_line();

 private:
  using Clock = std::chrono::steady_clock;
  double clips_per_second(std::size_t clips) const;
  double epoch_seconds_left(std::size_t clips) const;
  double run_seconds_left(std::size_t clips) const;
  void draw();

  std::ostream& out_;
  Terminal terminal_;
  std::size_t batch_;
  ProgressLine line_;
  std::size_t first_clip_ = 0;           ///< of this epoch that this run trains on
  std::optional<double> epoch_seconds_;  ///< of the last whole epoch, validation included
  Clock::time_point epoch_start_;
  Clock::time_point drawn_;
  bool line_open_ = false;  ///< the live line is the terminal's last
};

}  // namespace earshot
