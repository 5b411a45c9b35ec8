// Room: a sound as it is in a room, whose echoes die away exponentially.
#pragma once

#include "train/outliers/Samples.h"

namespace earshot {

struct Room {
  double decay_s = 0.3;   ///< by 60 dB
  double dull_hz = 4000;  ///< above which walls swallow more
  double size_ms = 20.0;  ///< a sound's way from wall to wall
  double wet = 0.5;       ///< the echoes' share, 0 .. 1

  static Room drawn(KeyedRandom& random, Range decay_s);
  /// AudioSet's name for where that is.
  const char* label() const;
};

Samples in_room(const Samples& dry, const Room& room, KeyedRandom& random);

}  // namespace earshot
