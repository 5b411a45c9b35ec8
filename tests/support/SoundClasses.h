// Ten classes of synthetic sounds, each clip with parameters, surroundings and level of its own.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "dsp/base/KeyedRandom.h"

namespace earshot::test {

inline const std::vector<std::string> kSoundClasses = {"tone",    "rising",  "falling", "hiss",  "knocking",
                                                       "buzzing", "tremolo", "siren",   "puffs", "bell"};

/// Seconds after which a sound's next repetition begins, and what it is made of, drawn once a clip.
struct SoundParameters {
  double pitch_hz;
  double rate_hz;  ///< of repetitions
  double width;    ///< in [0, 1): what it means is the class's own
  double start_s;  ///< it sounds from here
  double stop_s;   ///< to here
  double noise;    ///< amplitude of the surroundings beside the sound's
  double level;    ///< amplitude of the loudest sample
};

inline double class_sample(int label, const SoundParameters& p, double t, double phase, KeyedRandom& random) {
  const double turn = 2.0 * std::numbers::pi;
  const double at = t * p.rate_hz - std::floor(t * p.rate_hz);  // in [0, 1): within a repetition
  const double white = random.uniform(-1.0, 1.0);
  switch (label) {
    case 0:
      return (std::sin(phase) + 0.5 * p.width * std::sin(2.0 * phase)) / 1.5;
    case 1:
    case 2:
      return std::sin(phase) * std::sin(std::numbers::pi * at);
    case 3:
      return white;
    case 4:
      return std::exp(-at / p.rate_hz * 60.0) * (0.5 * white + 0.5 * std::sin(phase));
    case 5:
      return at < 0.3 ? white : 0.0;
    case 6:
      return std::sin(phase) * (0.5 + 0.5 * std::sin(turn * t * p.rate_hz));
    case 7:
      return std::sin(phase);
    case 8:
      return white * std::pow(std::sin(std::numbers::pi * at), 4.0);
    default:
      return std::exp(-at / p.rate_hz * 4.0) * (std::sin(phase) + 0.6 * std::sin(2.76 * phase)) / 1.6;
  }
}

/// Repetitions a second: least and most, by class.
inline double draw_rate_hz(int label, KeyedRandom& random) {
  constexpr double kRates[][2] = {{1.0, 2.0},   {1.0, 4.0},  {1.0, 4.0}, {1.0, 2.0}, {3.0, 8.0},
                                  {20.0, 50.0}, {4.0, 12.0}, {0.5, 3.0}, {1.0, 3.0}, {0.5, 2.0}};
  return random.uniform(kRates[label][0], kRates[label][1]);
}

/// `seconds` of class `label`, in [-1, 1]; the same key gives the same samples.
inline std::vector<float> sound_of_class(int label, std::uint64_t key, int rate_hz, double seconds) {
  KeyedRandom random(derive_key(key, static_cast<std::uint64_t>(label)));
  SoundParameters p{};
  p.pitch_hz = 250.0 * std::pow(12.0, random.uniform(0.0, 1.0));
  p.rate_hz = draw_rate_hz(label, random);
  p.width = random.uniform(0.0, 1.0);
  p.start_s = random.uniform(0.0, 0.3) * seconds;
  p.stop_s = random.uniform(0.7, 1.0) * seconds;
  p.noise = std::pow(10.0, random.uniform(-30.0, -6.0) / 20.0);
  p.level = std::pow(10.0, random.uniform(-24.0, -1.0) / 20.0);
  const double colour = random.uniform(0.0, 0.9);   // of the surroundings: one pole
  const double muffled = random.uniform(0.0, 0.8);  // the sound as its room leaves it
  std::vector<float> samples(static_cast<std::size_t>(seconds * rate_hz));
  double phase = 0.0;
  double around = 0.0;
  double heard = 0.0;
  double peak = 1e-9;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / rate_hz;
    const double at = t * p.rate_hz - std::floor(t * p.rate_hz);
    double pitch_hz = p.pitch_hz;
    if (label == 1) pitch_hz *= std::pow(4.0, at);
    if (label == 2) pitch_hz *= std::pow(4.0, 1.0 - at);
    if (label == 7)
      pitch_hz *= 1.0 + (0.2 + 0.3 * p.width) * std::sin(2.0 * std::numbers::pi * t * p.rate_hz);
    phase += 2.0 * std::numbers::pi * pitch_hz / rate_hz;
    const bool sounds = t >= p.start_s && t < p.stop_s;
    const double dry = sounds ? class_sample(label, p, t - p.start_s, phase, random) : 0.0;
    heard += (dry - heard) * (1.0 - muffled);
    around += (random.uniform(-1.0, 1.0) - around) * (1.0 - colour);
    const double sample = heard + p.noise * around;
    samples[i] = static_cast<float>(sample);
    peak = std::max(peak, std::abs(sample));
  }
  for (float& sample : samples) sample *= static_cast<float>(p.level / peak);
  return samples;
}

}  // namespace earshot::test
