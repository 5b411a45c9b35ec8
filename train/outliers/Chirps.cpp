#include "train/outliers/Chirps.h"

#include <array>
#include <utility>

#include "train/outliers/Biquad.h"
#include "train/outliers/Oscillator.h"

namespace earshot {
namespace {

// Two octaves apart at least, in either order.
std::pair<double, double> far_apart_hz(KeyedRandom& random) {
  const double low_hz = draw_log(random, {60.0, 1500.0});
  const double high_hz = std::min(low_hz * draw_log(random, {4.0, 60.0}), 10'000.0);
  return draw_chance(random, 0.5) ? std::pair(low_hz, high_hz) : std::pair(high_hz, low_hz);
}

// How many there are one behind the other; each takes its share of the time.
double glides(KeyedRandom& random) {
  return 1.0 + random.below(3);
}

// Sines whose pitch goes as `between(from_hz, to_hz, done)` says, done being 0 .. 1.
template <class Between>
MadeSound gliding(KeyedRandom& random, Between between) {
  MadeSound made{{"Chirp tone"}, silence()};
  const auto [from_hz, to_hz] = far_apart_hz(random);
  const double count = glides(random);
  Oscillator tone(Wave::sine);
  for (std::size_t i = 0; i < made.samples.size(); ++i) {
    const double done = std::fmod(count * time_of(i) / kOutlierSeconds, 1.0);
    made.samples[i] = static_cast<float>(tone(between(from_hz, to_hz, done)));
  }
  return made;
}

MadeSound linear(KeyedRandom& random) {
  return gliding(random, [](double from_hz, double to_hz, double done) { return from_hz + (to_hz - from_hz) * done; });
}

MadeSound exponential(KeyedRandom& random) {
  return gliding(random,
                 [](double from_hz, double to_hz, double done) { return from_hz * std::pow(to_hz / from_hz, done); });
}

// Short ones with rests between them.
MadeSound sweeps(KeyedRandom& random) {
  MadeSound made{{"Chirp tone"}, silence()};
  const auto [from_hz, to_hz] = far_apart_hz(random);
  const double length_s = draw_log(random, {0.08, 1.0});
  const double period_s = length_s * random.uniform(1.0, 3.0);
  Oscillator tone(draw_chance(random, 0.7) ? Wave::sine : Wave::square);
  for (std::size_t i = 0; i < made.samples.size(); ++i) {
    const double t = std::fmod(time_of(i), period_s);
    const double now = tone(from_hz * std::pow(to_hz / from_hz, std::min(t / length_s, 1.0)));
    const double edge = std::clamp(std::min(t, length_s - t) / 0.004, 0.0, 1.0);
    made.samples[i] = static_cast<float>(edge * now);
  }
  return made;
}

// Up and down, slowly as a siren on a roof or fast as a car's.
MadeSound wail(KeyedRandom& random) {
  MadeSound made{{"Siren", "Chirp tone"}, silence()};
  const double middle_hz = draw_log(random, {350.0, 1100.0});
  const double octaves = random.uniform(0.3, 1.0);
  const double period_s = draw_log(random, {0.25, 6.0});
  Oscillator tone(draw_chance(random, 0.5) ? Wave::saw : Wave::square);
  Oscillator up_and_down(Wave::sine, random.uniform());
  for (float& sample : made.samples)
    sample = static_cast<float>(tone(middle_hz * std::exp2(octaves * up_and_down(1.0 / period_s))));
  Biquad::low_pass(draw_log(random, {1500.0, 8000.0})).filter(made.samples);
  return made;
}

MadeSound two_tone(KeyedRandom& random) {
  MadeSound made{{"Siren"}, silence()};
  const double low_hz = draw_log(random, {380.0, 900.0});
  const double high_hz = low_hz * random.uniform(1.15, 1.6);
  const double each_s = random.uniform(0.25, 1.0);
  Oscillator tone(draw_chance(random, 0.5) ? Wave::saw : Wave::square);
  double hz = low_hz;
  for (std::size_t i = 0; i < made.samples.size(); ++i) {
    const bool low = std::fmod(time_of(i), 2.0 * each_s) < each_s;
    hz += 0.002 * ((low ? low_hz : high_hz) - hz);  // within 30 ms
    made.samples[i] = static_cast<float>(tone(hz));
  }
  Biquad::low_pass(draw_log(random, {1500.0, 8000.0})).filter(made.samples);
  return made;
}

constexpr std::array kChirpKinds{SoundKind{"linear", linear}, SoundKind{"exponential", exponential},
                                 SoundKind{"sweeps", sweeps}, SoundKind{"wail", wail},
                                 SoundKind{"two-tone", two_tone}};

}  // namespace

std::span<const SoundKind> chirp_kinds() {
  return kChirpKinds;
}

}  // namespace earshot
