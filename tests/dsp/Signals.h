// Signals that tests and the golden script make by the same formulas.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

namespace earshot::test {

/// A 32-bit linear congruential generator (Numerical Recipes' constants), its upper 16 bits as -1 .. 1;
/// `noise` of tests/golden/features.py.
inline std::vector<float> noise(std::size_t count, std::uint32_t seed) {
  std::vector<float> samples(count);
  for (float& sample : samples) {
    seed = seed * 1664525u + 1013904223u;
    sample = static_cast<float>(seed >> 16) / 32768.0f - 1.0f;
  }
  return samples;
}

/// Louder towards the end, full at the last sample; `ramped` of tests/golden/features.py.
inline std::vector<float> ramped(std::vector<float> samples) {
  const auto count = static_cast<float>(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] *= static_cast<float>(i + 1) / count;
  return samples;
}

inline std::vector<float> sine(double hz, double amplitude, int rate_hz, std::size_t count) {
  std::vector<float> samples(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double turns = hz * static_cast<double>(i) / static_cast<double>(rate_hz);
    samples[i] = static_cast<float>(amplitude * std::sin(2.0 * std::numbers::pi * turns));
  }
  return samples;
}

}  // namespace earshot::test
