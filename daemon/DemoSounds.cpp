#include "daemon/DemoSounds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "nn/KeyedRandom.h"

namespace earshot {
namespace {

constexpr double kRate = kDemoRateHz;

std::vector<float> silence(double seconds) {
  return std::vector<float>(static_cast<std::size_t>(seconds * kRate));
}

double noise(KeyedRandom& random) {
  return random.uniform(-1.0, 1.0);
}

// One pole, -6 dB an octave above the corner.
class LowPass {
 public:
  explicit LowPass(double corner_hz) : keep_(std::exp(-2.0 * std::numbers::pi * corner_hz / kRate)) {}
  double operator()(double x) { return state_ += (1.0 - keep_) * (x - state_); }

 private:
  double keep_;
  double state_ = 0.0;
};

// Scales to a peak of 0.7, some 3 dB under full scale.
std::vector<float> normalised(std::vector<float> sound) {
  float peak = 1e-9F;
  for (const float x : sound) peak = std::max(peak, std::abs(x));
  for (float& x : sound) x *= 0.7F / peak;
  return sound;
}

// Adds a burst of noise that begins at `start_s` and dies away by 1/e each `decay_s`.
void add_burst(std::vector<float>& sound, KeyedRandom& random, double start_s, double decay_s, double level,
               double corner_hz) {
  LowPass soften(corner_hz);
  const auto start = static_cast<std::size_t>(start_s * kRate);
  const auto length = static_cast<std::size_t>(8.0 * decay_s * kRate);
  for (std::size_t i = 0; i < length && start + i < sound.size(); ++i) {
    const double fade = std::exp(-static_cast<double>(i) / (decay_s * kRate));
    sound[start + i] += static_cast<float>(level * fade * soften(noise(random)));
  }
}

// Two clicks a second, the second a little lower: tick, tock.
std::vector<float> clock_tick(double seconds) {
  std::vector<float> sound = silence(seconds);
  KeyedRandom random(1);
  for (int beat = 0; beat * 0.5 < seconds; ++beat)
    add_burst(sound, random, 0.1 + beat * 0.5, 0.0025, 1.0, beat % 2 == 0 ? 9000.0 : 5000.0);
  return normalised(std::move(sound));
}

// A steady hiss with drops in it.
std::vector<float> rain(double seconds) {
  std::vector<float> sound = silence(seconds);
  KeyedRandom random(2);
  LowPass low(400.0);
  for (float& x : sound) {
    const double white = noise(random);
    x = static_cast<float>(0.5 * (white - low(white)));
  }
  for (int drop = 0; drop < static_cast<int>(90 * seconds); ++drop)
    add_burst(sound, random, random.uniform(0.0, seconds), 0.002, random.uniform(0.2, 1.2), 7000.0);
  return normalised(std::move(sound));
}

// Blade slap: low noise and a low tone, thirteen pulses a second.
std::vector<float> helicopter(double seconds) {
  std::vector<float> sound = silence(seconds);
  KeyedRandom random(3);
  LowPass rotor(180.0);
  LowPass turbine(2500.0);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    const double phase = std::fmod(13.0 * t, 1.0);
    const double slap = std::exp(-6.0 * phase);
    const double white = noise(random);
    sound[i] = static_cast<float>(6.0 * slap * rotor(white) + 0.25 * (0.4 + slap) * turbine(white) +
                                  0.3 * slap * std::sin(2.0 * std::numbers::pi * 62.0 * t));
  }
  return normalised(std::move(sound));
}

// Surf: noise that swells and breaks, brighter as it grows.
std::vector<float> sea_waves(double seconds) {
  std::vector<float> sound = silence(seconds);
  KeyedRandom random(4);
  LowPass deep(500.0);
  LowPass spray(3500.0);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    const double swell = std::pow(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * t / 5.5), 1.5);
    const double white = noise(random);
    sound[i] = static_cast<float>((0.25 + swell) * 2.0 * deep(white) + swell * swell * spray(white));
  }
  return normalised(std::move(sound));
}

// Two-stroke buzz: a rough pulse train whose speed wanders with the throttle.
std::vector<float> chainsaw(double seconds) {
  std::vector<float> sound = silence(seconds);
  KeyedRandom random(5);
  LowPass muffler(6000.0);
  double phase = 0.0;
  double firing = 1.0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    const double throttle = 0.5 + 0.5 * std::tanh(4.0 * std::sin(2.0 * std::numbers::pi * t / 3.0));
    phase += (70.0 + 75.0 * throttle) / kRate;
    if (phase >= 1.0) {
      phase -= 1.0;
      firing = random.uniform(0.7, 1.0);
    }
    const double pulse = firing * std::exp(-5.0 * phase);
    sound[i] =
        static_cast<float>(muffler(pulse * (1.0 + 1.5 * noise(random))) + 0.15 * noise(random) * throttle);
  }
  return normalised(std::move(sound));
}

// A wail: a voice's harmonics on a pitch that rises and falls once a second, with a breath between.
std::vector<float> baby_cry(double seconds) {
  std::vector<float> sound = silence(seconds);
  double phase = 0.0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    const double breath = std::fmod(t, 1.15) / 0.9;
    if (breath >= 1.0) continue;
    const double arch = std::sin(std::numbers::pi * breath);
    phase += 2.0 * std::numbers::pi *
             (390.0 + 120.0 * arch + 8.0 * std::sin(2.0 * std::numbers::pi * 7.0 * t)) / kRate;
    double voice = 0.0;
    for (int harmonic = 1; harmonic <= 16; ++harmonic) {
      const double hz = harmonic * 450.0;
      const double formants = std::exp(-std::pow((hz - 1100.0) / 700.0, 2.0)) +
                              0.6 * std::exp(-std::pow((hz - 3300.0) / 900.0, 2.0)) + 0.05;
      voice += formants * std::sin(harmonic * phase);
    }
    sound[i] = static_cast<float>(std::sqrt(arch) * voice);
  }
  return normalised(std::move(sound));
}

constexpr std::array kSounds{
    DemoSound{"clock_tick", clock_tick}, DemoSound{"rain", rain},         DemoSound{"helicopter", helicopter},
    DemoSound{"sea_waves", sea_waves},   DemoSound{"chainsaw", chainsaw}, DemoSound{"baby_cry", baby_cry},
};

}  // namespace

std::span<const DemoSound> demo_sounds() {
  return kSounds;
}

}  // namespace earshot
