// TaughtScores: what a taught head says of whole clips: a clip's score is the mean of its loud windows' log
// scores.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "train/measuring/Metrics.h"
#include "train/teaching/HeadTeacher.h"

namespace earshot {

/// Held-out clips, each by a head that did not hear it; several folds' are gathered one after another.
class TaughtScores {
 public:
  /// `data`, `taught` and `windows` outlive it; windows of all its clips.
  TaughtScores(const DataSet& data, const Base& base, const TaughtLabels& taught,
               const WindowEmbeddings& windows);

  /// Scores clips that `takes` accepts by what `head` learnt.
  void add(const TaughtHead& head, const std::function<bool(std::size_t clip)>& takes);

  /// Clips of which the highest score among the taught labels is of their own, at a gain; one without a loud
  /// window is wrong.
  Tally highest_right(std::size_t gain) const noexcept { return highest_.at(gain); }
  /// Clips whose own label is heard[0] in most of their loud windows, all labels of the model in play.
  Tally heard_first() const noexcept { return heard_first_; }

  /// Rows x rows: a clip's own label, the one highest; clips without a loud window are in none.
  const std::vector<std::size_t>& confusion() const noexcept { return confusion_; }

  struct Label {
    Tally highest;  ///< as highest_right(0), of clips of the label
    Tally heard_first;
    Tally events;                    ///< clips with an event at the stored threshold, of those of the label
    Tally false_events;              ///< likewise of those that are not
    double average_precision = 0.0;  ///< over loud windows
    double base_precision = 0.0;     ///< of the base; 0 for a new label
    double calibration_error = 0.0;  ///< over 15 bins of loud windows' scores
  };
  Label label(std::size_t row) const;
  /// Those that were read, as they were added.
  const std::vector<HeardClip>& clips() const noexcept { return clips_; }
  /// Over the loud windows of all taught labels.
  double calibration_error() const;

 private:
  /// Of `windows`, which `heard` is what the head said of: loud windows of a clip that holds `held`.
  void add_windows(std::span<const std::size_t> held, std::span<const std::size_t> windows,
                   const HeardWindows& heard, const HeadRows& before);

  struct Row {
    Label counts;
    std::vector<float> scores;         // of loud windows
    std::vector<float> base;           // the base's logits of the same
    std::vector<unsigned char> truth;  // likewise
  };

  const DataSet& data_;
  const Base& base_;
  const TaughtLabels& taught_;
  const WindowEmbeddings& windows_;
  std::vector<Tally> highest_;
  std::vector<bool> unread_;  // clips, which are no one's fault
  std::vector<std::size_t> confusion_;
  Tally heard_first_;
  std::vector<HeardClip> clips_;
  std::vector<Row> rows_;
};

}  // namespace earshot
