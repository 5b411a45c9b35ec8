// What is no sound: the one rule for all that brings samples.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace earshot {

/// 120 dB over full scale. Float formats carry what clips by a few dB, and files of other scales (16-bit
/// numbers as floats) up to 96 dB over; what is louder is other bytes taken for floats, or an overflow, and
/// would drown all else: a mean of channels, a resampler's neighbours, a window's level.
inline constexpr float kLoudestSample = 1e6F;

/// False for NaN, too. real-time.
inline bool is_sound(float sample) noexcept {
  return std::abs(sample) <= kLoudestSample;
}

/// What is no sound becomes 0. Returns how many there were. real-time.
inline std::size_t replace_bad_samples(std::span<float> samples) noexcept {
  std::size_t bad = 0;
  for (float& sample : samples) {  // no branch: several at a time
    const bool good = is_sound(sample);
    bad += good ? 0 : 1;
    sample = good ? sample : 0.0F;
  }
  return bad;
}

}  // namespace earshot
