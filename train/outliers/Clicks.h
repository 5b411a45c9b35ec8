// Clicks: single ones, ticking, crackling, keys.
#pragma once

#include <span>

#include "train/outliers/SoundKind.h"

namespace earshot {

std::span<const SoundKind> click_kinds();

/// How one and the same thing clicks.
struct Click {
  double ring_hz = 0.0;
  double ring_s = 0.0;  ///< until 1/e of it is left
  double burst_s = 0.0;
  double ringing = 0.0;  ///< its share, 0 .. 1

  static Click drawn(KeyedRandom& random);
  void add_to(Samples& samples, double start_s, Range level, KeyedRandom& random) const;
};

/// At times that nobody can foresee, `mean_s` apart on average, from one of them to the end.
void add_clicks_at_random(Samples& samples, const Click& click, double mean_s, KeyedRandom& random);

}  // namespace earshot
