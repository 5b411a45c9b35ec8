// Samples: a sound in the making, five seconds long, and what is done to all of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "dsp/base/Draw.h"
#include "train/outliers/Outlier.h"

namespace earshot {

using Samples = std::vector<float>;

inline Samples silence() {
  return Samples(kOutlierSamples);
}

inline double time_of(std::size_t sample) noexcept {
  return static_cast<double>(sample) / kOutlierHz;
}
/// `seconds` >= 0.
inline std::size_t sample_at(double seconds) noexcept {
  return static_cast<std::size_t>(seconds * kOutlierHz);
}

inline double gain_of_db(double db) noexcept {
  return std::pow(10.0, db / 20.0);
}

/// Of a frequency, so many semitones up.
inline double factor_of_semitones(double count) noexcept {
  return std::exp2(count / 12.0);
}

inline float peak_of(const Samples& samples) noexcept {
  float peak = 0.0F;
  for (const float sample : samples) peak = std::max(peak, std::abs(sample));
  return peak;
}

inline void add(Samples& to, const Samples& more, double gain = 1.0) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += static_cast<float>(gain) * more[i];
}
/// Uniform in its logarithm, as ears hear frequencies and rates. Both ends above 0.
inline double draw_log(KeyedRandom& random, Range range) noexcept {
  return std::exp(random.uniform(std::log(range.low), std::log(range.high)));
}

/// `more` peaks a drawn number of decibels under `to`; neither is silent.
inline void add_below(Samples& to, const Samples& more, Range db, KeyedRandom& random) {
  const double gain = gain_of_db(-draw(random, db));
  add(to, more, gain * static_cast<double>(peak_of(to)) / static_cast<double>(peak_of(more)));
}

}  // namespace earshot
