// HeadTeacher: teaches a base's head the sounds of a data set, and measures it on what each part of it did not hear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "train/data/DataSet.h"
#include "train/measuring/LearningPoint.h"
#include "train/measuring/Metrics.h"
#include "train/teaching/Base.h"
#include "train/teaching/HeardWindows.h"
#include "train/teaching/LabelThresholds.h"
#include "train/teaching/NegativeBank.h"
#include "train/teaching/TaughtLabels.h"
#include "train/teaching/TeachingSet.h"
#include "train/teaching/WindowEmbeddings.h"

namespace earshot {

/// All that a head can be taught with; outlives the teacher.
struct TeachingMaterial {
  const Base& base;
  const DataSet& data;
  const TaughtLabels& taught;
  const WindowEmbeddings& windows;  ///< of all clips of the data, then of all that it rejects, at kTaughtGainsDb
  const NegativeBank& bank;         ///< of this base, or empty
};

/// What heads that had not heard them say of recordings, at the stored thresholds.
struct UnheardLabel {
  Tally highest;    ///< clips of the label that have it highest of all taught, by the mean of their windows'
                    ///< log scores
  Tally own;        ///< clips of the label with an event
  Tally others;     ///< clips that are not, with an event
  Tally negatives;  ///< recordings of the bank that are not, with an event
};

/// What was learnt, and how well it would have been known unheard.
struct TaughtHead {
  HeadRows rows;
  std::vector<float> thresholds;      ///< one a label of the taught model
  std::vector<std::size_t> measured;  ///< labels whose threshold clips gave
  std::vector<UnheardLabel> unheard;  ///< one a taught label; none of a label whose clips cannot be left out in parts
  std::vector<HeardClip>
      clips;  ///< of labels that `measured` has, those with a loud window, by rows that had not heard them
};

/// Works on `threads` threads, called from one. The result does not depend on how many.
class HeadTeacher {
 public:
  HeadTeacher(const TeachingMaterial& material, std::uint32_t seed, unsigned threads);

  /// From clips that `takes` accepts (indices into data.clips), and all negatives. Throws Error(bad_data) if a class
  /// has no loud window, or nothing that it is told apart from.
  TaughtHead teach(const std::function<bool(std::size_t clip)>& takes) const;

  /// What fewer clips would have taught: a quarter of each label's, if there are sixteen in the mean, and
  /// half of them, if there are four, beside all that `head` was taught with, which are all clips of the
  /// data. Empty where no clip can be left out, and of one label alone.
  std::vector<LearningPoint> learning_curve(const TaughtHead& head) const;

 private:
  void refuse_unheard_classes(const Takes& takes) const;
  void refuse_rows_without_negatives(const Takes& takes) const;
  /// A source by rows that had not heard it.
  struct Unheard {
    std::size_t source = 0;
    std::span<const Stand> stands;  ///< of each row
    HeardWindows windows;           ///< as they are
  };
  /// `guess`: rows near theirs. By source.
  std::vector<Unheard> hear_unheard(const HeadRows& guess, const Takes& takes) const;
  void choose_thresholds(TaughtHead& head, std::span<const Unheard> unheard, const Takes& takes) const;
  std::vector<UnheardLabel> figures_of(const TaughtHead& head, std::span<const Unheard> unheard) const;
  ThresholdEvidence evidence_of(std::size_t row, std::span<const Unheard> unheard) const;
  void raise_untaught(TaughtHead& head, const Takes& takes) const;
  float guess(std::size_t label) const;

  TeachingMaterial material_;
  unsigned threads_;
  HeadRows start_;
  TeachingSet set_;         ///< sources: the data's clips, what it rejects, the bank's recordings
  std::vector<int> parts_;  ///< of each source: the part that is left out with it
};

}  // namespace earshot
