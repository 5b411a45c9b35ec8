// DemoEffects: what the demo's sounds and its voice have in common: a filter, a room, a level.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "dsp/base/KeyedRandom.h"

namespace earshot {

inline constexpr int kDemoRateHz = 44100;

/// Samples at kDemoRateHz in `seconds`.
constexpr std::size_t demo_samples(double seconds) {
  return static_cast<std::size_t>(seconds * kDemoRateHz);
}

/// White, in [-1, 1).
constexpr double noise(KeyedRandom& random) {
  return random.uniform(-1.0, 1.0);
}

/// One pole, -6 dB an octave above the corner.
class LowPass {
 public:
  explicit LowPass(double corner_hz) : keep_(std::exp(-2.0 * std::numbers::pi * corner_hz / kDemoRateHz)) {}
  double operator()(double x) { return state_ += (1.0 - keep_) * (x - state_); }

 private:
  double keep_;
  double state_ = 0.0;
};

struct Room {
  double decay_s = 0.3;  ///< until the echoes have fallen by 60 dB
  double share = 0.3;    ///< of the echoes, beside the sound itself
};

/// The sound in a room, with the breath of a quiet one, at a peak of 0.7, some 3 dB under full scale.
std::vector<float> in_room(const std::vector<double>& sound, const Room& room, double breath, KeyedRandom random);

}  // namespace earshot
