// LearningPoint: how many clips would be known, had there been fewer to learn from.
#pragma once

#include "train/measuring/Metrics.h"

namespace earshot {

/// Clips that have their own label highest by a head that was taught with some and had not heard them.
struct LearningPoint {
  double clips_per_label = 0.0;  ///< that it was taught with, the mean
  Tally highest;
};

}  // namespace earshot
