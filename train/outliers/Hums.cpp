#include "train/outliers/Hums.h"

#include <array>

#include "train/outliers/Biquad.h"
#include "train/outliers/Noise.h"
#include "train/outliers/Oscillator.h"

namespace earshot {
namespace {

double mains_hz(KeyedRandom& random) {
  return (draw_chance(random, 0.5) ? 50.0 : 60.0) * random.uniform(0.998, 1.002);
}

// Of one base frequency: each by chance, the higher the fainter.
Samples harmonics(KeyedRandom& random, double hz, int count, double steepness) {
  Samples samples = silence();
  for (int n = 1; n <= count; ++n) {
    const double level = random.uniform(0.1, 1.0) / std::pow(n, steepness);
    Oscillator tone(Wave::sine, random.uniform());
    for (float& sample : samples) sample += static_cast<float>(level * tone(n * hz));
  }
  return samples;
}

MadeSound mains(KeyedRandom& random) {
  MadeSound made{{"Mains hum", "Hum"}, mains_hum(random)};
  add_below(made.samples, noise(NoiseColour::pink, random), {25.0, 50.0}, random);
  return made;
}

// Twice the mains' frequency, and a buzz as of loose sheets.
MadeSound transformer(KeyedRandom& random) {
  const double hz = 2.0 * mains_hz(random);
  MadeSound made{{"Mains hum", "Hum", "Buzz"}, harmonics(random, hz, 8, random.uniform(0.3, 1.2))};
  Samples buzz = silence();
  Oscillator saw(Wave::saw);
  for (float& sample : buzz) sample = static_cast<float>(saw(hz));
  const double sheet_hz = draw_log(random, {600.0, 4000.0});
  Biquad::band_pass(sheet_hz, random.uniform(0.5, 2.0)).filter(buzz);
  add_below(made.samples, buzz, {3.0, 25.0}, random);
  return made;
}

// Blades that pass, and the air they move.
MadeSound fan(KeyedRandom& random) {
  const double turns_hz = draw_log(random, {8.0, 40.0});
  const int blades = 3 + static_cast<int>(random.below(5));
  MadeSound made{{"Mechanical fan", "Hum", "Whir"},
                 harmonics(random, turns_hz * blades, 6, random.uniform(0.8, 2.0))};
  Samples air = noise(NoiseColour::pink, random);
  Biquad::low_pass(draw_log(random, {500.0, 6000.0})).filter(air);
  Oscillator turn(Wave::sine, random.uniform());
  const double depth = random.uniform(0.0, 0.5);
  for (float& sample : air) sample *= static_cast<float>(1.0 + depth * turn(turns_hz));
  add_below(air, made.samples, {0.0, 20.0}, random);
  made.samples = std::move(air);
  return made;
}

MadeSound ventilation(KeyedRandom& random) {
  MadeSound made{{"Air conditioning", "Hum"}, noise(NoiseColour::pink, random)};
  const double hz = draw_log(random, {120.0, 900.0});
  for (int order = 0; order < 2; ++order) Biquad::low_pass(hz).filter(made.samples);
  add_below(made.samples, harmonics(random, draw_log(random, {40.0, 240.0}), 2, 1.0), {3.0, 20.0}, random);
  return made;
}

const char* engine_label(double firings_hz) {
  if (firings_hz < 25.0) return "Heavy engine (low frequency)";
  return firings_hz < 60.0 ? "Medium engine (mid frequency)" : "Light engine (high frequency)";
}

// Cylinders that fire one after another, none quite as the other, and the pipes that ring of it.
MadeSound engine(KeyedRandom& random) {
  const double begin_hz = draw_log(random, {8.0, 120.0});
  const bool idles = draw_chance(random, 0.6);
  const double end_hz = idles ? begin_hz : begin_hz * draw_log(random, {0.5, 2.0});
  const double jitter = random.uniform(0.005, 0.05);
  std::array<double, 6> cylinders;
  for (double& force : cylinders) force = random.uniform(0.6, 1.0);
  const std::size_t count = 1 + random.below(cylinders.size());

  Samples firings = silence();
  double at_s = random.uniform() / begin_hz;
  for (std::size_t n = 0; at_s < kOutlierSeconds; ++n) {
    const double force = cylinders[n % count] * random.uniform(0.9, 1.1);
    const std::size_t start = sample_at(at_s);
    const std::size_t end = std::min(firings.size(), start + sample_at(0.003));
    for (std::size_t i = start; i < end; ++i)
      firings[i] += static_cast<float>(force * random.uniform(-0.3, 1.0));
    const double hz = begin_hz + (end_hz - begin_hz) * at_s / kOutlierSeconds;
    at_s += random.uniform(1.0 - jitter, 1.0 + jitter) / hz;
  }
  MadeSound made{{"Engine", engine_label((begin_hz + end_hz) / 2.0)}, silence()};
  if (idles) made.labels.emplace_back("Idling");
  for (int pipe = 0; pipe < 4; ++pipe) {
    Samples ringing = firings;
    const double pipe_hz = draw_log(random, {50.0, 1500.0});
    Biquad::band_pass(pipe_hz, random.uniform(2.0, 8.0)).filter(ringing);
    add(made.samples, ringing, random.uniform(0.2, 1.0));
  }
  add_below(made.samples, noise(NoiseColour::pink, random), {20.0, 45.0}, random);
  return made;
}

constexpr std::array kHumKinds{SoundKind{"mains", mains}, SoundKind{"transformer", transformer},
                               SoundKind{"fan", fan}, SoundKind{"ventilation", ventilation},
                               SoundKind{"engine", engine}};

}  // namespace

Samples mains_hum(KeyedRandom& random) {
  const double hz = mains_hz(random);
  const int count = 4 + static_cast<int>(random.below(17));
  return harmonics(random, hz, count, random.uniform(0.3, 1.5));
}

std::span<const SoundKind> hum_kinds() {
  return kHumKinds;
}

}  // namespace earshot
