// Strike: what is struck once: rings and bursts that die away.
#pragma once

#include "train/outliers/Samples.h"

namespace earshot {

struct Strike {
  double start_s = 0.0;
  double decay_s = 0.0;  ///< to 1/e
  double level = 1.0;    ///< of the first sample
};

/// A sine of `hz`. What lies beyond the end of `to` is left out.
void add_ring(Samples& to, const Strike& strike, double hz);
/// White noise.
void add_burst(Samples& to, const Strike& strike, KeyedRandom& random);

}  // namespace earshot
