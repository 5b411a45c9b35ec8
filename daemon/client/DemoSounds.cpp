#include "daemon/client/DemoSounds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include "daemon/client/DemoVoice.h"

namespace earshot {
namespace {

constexpr double kRate = kDemoRateHz;
constexpr double kTurn = 2.0 * std::numbers::pi;

double time_of(std::size_t sample) {
  return static_cast<double>(sample) / kRate;
}

/// 1 for the first `on_s` of each `period_s`, else 0.
double switched(double t, double period_s, double on_s) {
  return std::fmod(t, period_s) < on_s ? 1.0 : 0.0;
}

// Adds a tone that begins at `start_s` and dies away by 1/e each `decay_s`.
void add_ring(std::vector<double>& sound, double start_s, double decay_s, double level, double hz) {
  const std::size_t start = demo_samples(start_s);
  const std::size_t end = std::min(sound.size(), start + demo_samples(8.0 * decay_s));
  for (std::size_t i = start; i < end; ++i) {
    const double t = time_of(i - start);
    sound[i] += level * std::exp(-t / decay_s) * std::sin(kTurn * hz * t);
  }
}

// Two gongs that a clapper strikes in turn, 2 s of each 2.8.
std::vector<float> telephone(double seconds) {
  constexpr double kStrikesPerSecond = 27.0;
  std::vector<double> sound(demo_samples(seconds));
  KeyedRandom random(1);
  for (int strike = 0; strike / kStrikesPerSecond < seconds; ++strike) {
    const double start_s = strike / kStrikesPerSecond;
    if (switched(start_s, 2.8, 2.0) == 0.0) continue;
    const double force = random.uniform(0.85, 1.0);
    const double hz = strike % 2 == 0 ? 1335.0 : 1630.0;
    for (const auto& [ratio, level] : {std::pair(1.0, 1.0), std::pair(1.99, 0.27), std::pair(4.52, 0.6)})
      add_ring(sound, start_s, 0.66 / ratio, force * level, ratio * hz);
    const std::size_t start = demo_samples(start_s);
    for (std::size_t i = start; i < std::min(sound.size(), start + 300); ++i)
      sound[i] += 0.4 * noise(random) * std::exp(-static_cast<double>(i - start) / 60.0);
  }
  return in_room(sound, {.decay_s = 0.3, .share = 0.3}, 0.0006, random);
}

// The signal of ISO 8201: three times half a second on, half a second off, then a rest.
std::vector<float> smoke_alarm(double seconds) {
  std::vector<double> sound(demo_samples(seconds));
  LowPass attack(80.0);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double t = time_of(i);
    const double on = attack(switched(t, 1.0, 0.5) * switched(t, 4.0, 3.0));
    sound[i] = on * (std::tanh(2.0 * std::sin(kTurn * 3150.0 * t)) + 0.3 * std::sin(kTurn * 6300.0 * t));
  }
  return in_room(sound, {.decay_s = 0.3, .share = 0.3}, 0.003, KeyedRandom(2));
}

// A motor's siren on a roof, up and down once in 4 s, far enough for echoes.
std::vector<float> siren(double seconds) {
  std::vector<double> sound(demo_samples(seconds));
  LowPass distance(1930.0);
  double turns = 0.0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double speed = std::pow(0.5 - 0.5 * std::cos(kTurn * time_of(i) / 4.0), 0.75);
    turns += (228.0 + 260.0 * speed) / kRate;
    double tone = 0.0;
    for (int harmonic = 1; harmonic < 14; ++harmonic)
      tone += std::sin(kTurn * harmonic * turns) / std::pow(harmonic, 0.9);
    sound[i] = distance(tone);
  }
  return in_room(sound, {.decay_s = 2.1, .share = 0.73}, 0.004, KeyedRandom(3));
}

// A small bird: phrases of short calls, each a sweep with a warble.
std::vector<float> bird(double seconds) {
  std::vector<double> sound(demo_samples(seconds));
  KeyedRandom random(4);
  for (double start_s = 0.1; start_s < seconds;) {
    const double length_s = random.uniform(0.06, 0.14);
    const double hz = random.uniform(3000.0, 5500.0);
    const double sweep_hz = random.uniform(-1800.0, 1800.0);
    const double warble_hz = random.uniform(0.0, 400.0);
    const double warbles = random.uniform(1.0, 4.0);
    const double level = random.uniform(0.5, 1.0);
    const std::size_t start = demo_samples(start_s);
    const std::size_t length = demo_samples(length_s);
    double turns = 0.0;
    for (std::size_t i = 0; i < length && start + i < sound.size(); ++i) {
      const double part = static_cast<double>(i) / static_cast<double>(length);
      turns += (hz + sweep_hz * part + warble_hz * std::sin(kTurn * part * warbles)) / kRate;
      sound[start + i] +=
          level * std::pow(std::sin(std::numbers::pi * part), 0.8) * std::sin(kTurn * turns);
    }
    const double pause_s = std::array{0.03, 0.03, 0.05, 0.05, 0.08, 0.3}[random.below(6)];
    start_s += length_s + pause_s;
  }
  return in_room(sound, {.decay_s = 0.8, .share = 0.25}, 0.006, random);
}

// Surf: noise that swells and breaks, brighter as it grows.
std::vector<float> waves(double seconds) {
  std::vector<double> sound(demo_samples(seconds));
  KeyedRandom random(5);
  LowPass deep(535.0);
  LowPass deeper(1500.0);
  LowPass spray(4640.0);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double swell = std::pow(0.5 - 0.5 * std::cos(kTurn * (time_of(i) / 4.25 + 0.15)), 0.94);
    const double white = noise(random);
    sound[i] = (0.21 + swell) * 3.0 * deeper(deep(white)) + 0.47 * (swell * swell + 0.06) * spray(white);
  }
  return in_room(sound, {.decay_s = 0.3, .share = 0.0}, 0.0, random);
}

// A locomotive's: three pipes that sag as the steam goes, and the steam.
std::vector<float> steam_whistle(double seconds) {
  std::vector<double> sound(demo_samples(seconds));
  KeyedRandom random(6);
  LowPass valve(10.0);
  LowPass hum(1250.0);
  std::array turns{0.0, 0.0, 0.0};
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double open = valve(switched(time_of(i), 2.4, 1.9));
    double tone = 0.0;
    for (std::size_t pipe = 0; pipe < turns.size(); ++pipe) {
      const double hz = std::array{483.0, 712.0, 749.0}[pipe];
      turns[pipe] += hz * (1.0 - 0.042 * (1.0 - open)) / kRate;
      const double angle = kTurn * turns[pipe];
      tone += std::sin(angle) + 0.43 * std::sin(2.0 * angle) + 0.21 * std::sin(3.0 * angle);
    }
    const double white = noise(random);
    sound[i] = open * (tone + 1.23 * (white - hum(white)));
  }
  return in_room(sound, {.decay_s = 1.56, .share = 0.57}, 0.004, random);
}

// "Hello, this is Earshot", again and again.
std::vector<float> voice(double seconds) {
  const std::vector<double> phrase = say_hello();
  std::vector<double> sound(demo_samples(seconds));
  const std::size_t step = phrase.size() + demo_samples(0.45);
  for (std::size_t start = demo_samples(0.1); start + phrase.size() <= sound.size(); start += step)
    std::copy(phrase.begin(), phrase.end(), sound.begin() + static_cast<std::ptrdiff_t>(start));
  return in_room(sound, {.decay_s = 0.25, .share = 0.12}, 0.002, KeyedRandom(7));
}

constexpr std::array kSounds{
    DemoSound{"a voice", "Speech", voice},
    DemoSound{"a telephone", "Telephone bell ringing", telephone},
    DemoSound{"a bird", "Chirp, tweet", bird},
    DemoSound{"surf", "Waves, surf", waves},
    DemoSound{"a smoke alarm", "Smoke detector, smoke alarm", smoke_alarm},
    DemoSound{"a steam whistle", "Steam whistle", steam_whistle},
    DemoSound{"a siren", "Civil defense siren", siren},
};

}  // namespace

std::span<const DemoSound> demo_sounds() {
  return kSounds;
}

}  // namespace earshot
