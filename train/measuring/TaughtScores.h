// TaughtScores: what a taught head says of whole clips: a clip's score is the mean of its loud windows' log scores.
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
  TaughtScores(const DataSet& data, const Base& base, const TaughtLabels& taught, const WindowEmbeddings& windows);

  /// Scores clips that `takes` accepts by what `head` learnt.
  void add(const TaughtHead& head, const std::function<bool(std::size_t clip)>& takes);

  struct Count {
    std::size_t right = 0;
    std::size_t of = 0;
    double share() const noexcept { return ratio(right, of); }
  };
  /// Clips of which the highest score among the taught labels is of their own, at a gain; one without a loud window
  /// is wrong.
  Count highest_right(std::size_t gain) const noexcept { return highest_.at(gain); }
  /// Clips whose own label is heard[0] in most of their loud windows, all labels of the model in play.
  Count heard_first() const noexcept { return heard_first_; }

  /// Rows x rows: a clip's own label, the one highest; clips without a loud window are in none.
  const std::vector<std::size_t>& confusion() const noexcept { return confusion_; }

  struct Label {
    Count highest;                      ///< as highest_right(0), of clips of the label
    Count heard_first;
    Count events;                       ///< clips with an event at the stored threshold, of those of the label
    Count false_events;                 ///< likewise of those that are not
    double average_precision = 0.0;     ///< over loud windows
    double base_precision = 0.0;        ///< of the base; 0 for a new label
    double calibration_error = 0.0;     ///< over 15 bins of loud windows' scores
  };
  Label label(std::size_t row) const;
  /// Over the loud windows of all taught labels.
  double calibration_error() const;

 private:
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
  std::vector<Count> highest_;
  std::vector<bool> unread_;  // clips, which are no one's fault
  std::vector<std::size_t> confusion_;
  Count heard_first_;
  std::vector<Row> rows_;
};

}  // namespace earshot
