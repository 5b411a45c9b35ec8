#include "daemon/client/DemoSounds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include "dsp/base/KeyedRandom.h"

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

// Likewise a tone.
void add_ring(std::vector<float>& sound, double start_s, double decay_s, double level, double hz) {
  const auto start = static_cast<std::size_t>(start_s * kRate);
  const auto length = static_cast<std::size_t>(8.0 * decay_s * kRate);
  for (std::size_t i = 0; i < length && start + i < sound.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    sound[start + i] +=
        static_cast<float>(level * std::exp(-t / decay_s) * std::sin(2.0 * std::numbers::pi * hz * t));
  }
}

// An alarm clock: five ticks a second of a small metal case, every other one a little lower, in a quiet room.
std::vector<float> clock_tick(double seconds) {
  std::vector<float> sound = silence(seconds);
  KeyedRandom random(1);
  LowPass room(8000.0);
  for (float& x : sound) x = static_cast<float>(0.03 * room(noise(random)));
  for (int beat = 0; 0.1 + beat * 0.2 < seconds; ++beat) {
    const double start_s = 0.1 + beat * 0.2;
    const bool tick = beat % 2 == 0;
    const double level = tick ? 1.0 : 0.7;
    add_burst(sound, random, start_s, 0.002, 0.8 * level, kRate);
    for (const auto& [hz, strength] :
         {std::pair(1500.0, 0.5), std::pair(2200.0, 0.6), std::pair(4100.0, 0.4)})
      add_ring(sound, start_s, 0.015, strength * level, tick ? hz : 0.93 * hz);
  }
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

// Blade slap: deep noise in eleven pulses a second, and a little of the turbine.
std::vector<float> helicopter(double seconds) {
  std::vector<float> sound = silence(seconds);
  KeyedRandom random(3);
  LowPass first(150.0);
  LowPass second(150.0);
  LowPass turbine(4000.0);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    const double slap = 0.05 + 0.95 * std::exp(-5.0 * std::fmod(11.0 * t, 1.0));
    const double rotor = second(first(noise(random)));
    sound[i] = static_cast<float>(slap * (rotor + 0.003 * turbine(noise(random))));
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
  LowPass muffler(12'000.0);
  double phase = 0.0;
  double firing = 1.0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    const double throttle = 0.5 + 0.5 * std::tanh(4.0 * std::sin(2.0 * std::numbers::pi * t / 3.0));
    phase += (140.0 + 60.0 * throttle) / kRate;
    if (phase >= 1.0) {
      phase -= 1.0;
      firing = random.uniform(0.9, 1.0);
    }
    const double pulse = firing * std::exp(-10.0 * phase);
    sound[i] = static_cast<float>(muffler(pulse * (1.0 + 0.5 * noise(random))) - 0.1 +
                                  0.02 * noise(random) * throttle);
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
