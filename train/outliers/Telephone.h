// Telephone: what is left of a voice at the far end of a line.
#pragma once

#include "train/outliers/Biquad.h"

namespace earshot {

/// Its band (ITU-T G.712), steeply: of sound sampled at 8 kHz nothing is left above 4.
inline void filter_as_telephone(Samples& samples) noexcept {
  constexpr int kStages = 4;
  for (int stage = 0; stage < kStages; ++stage) Biquad::low_pass(3400.0).filter(samples);
  Biquad::high_pass(300.0).filter(samples);
}

}  // namespace earshot
