#include "train/outliers/Noises.h"

#include <array>
#include <numbers>

#include "train/outliers/Biquad.h"
#include "train/outliers/Noise.h"

namespace earshot {
namespace {

constexpr double kNoiseTurn = 2.0 * std::numbers::pi;

NoiseColour any_colour(KeyedRandom& random) {
  constexpr std::array kColours{NoiseColour::white, NoiseColour::pink, NoiseColour::brown, NoiseColour::blue};
  return kColours[random.below(kColours.size())];
}

MadeSound white(KeyedRandom& random) {
  return {{"White noise", "Static", "Noise"}, noise(NoiseColour::white, random)};
}
MadeSound pink(KeyedRandom& random) {
  return {{"Pink noise", "Noise"}, noise(NoiseColour::pink, random)};
}
MadeSound brown(KeyedRandom& random) {
  return {{"Noise"}, noise(NoiseColour::brown, random)};
}
MadeSound blue(KeyedRandom& random) {
  return {{"Noise"}, noise(NoiseColour::blue, random)};
}

// One to three octaves of white noise.
MadeSound band(KeyedRandom& random) {
  MadeSound made{{"Noise"}, noise(NoiseColour::white, random)};
  const double low_hz = draw_log(random, {80.0, 2500.0});
  const double high_hz = low_hz * draw_log(random, {2.0, 8.0});
  for (int order = 0; order < 2; ++order) {
    Biquad::high_pass(low_hz).filter(made.samples);
    Biquad::low_pass(std::min(high_hz, 18'000.0)).filter(made.samples);
  }
  return made;
}

// So narrow that it nearly has a pitch.
MadeSound narrow(KeyedRandom& random) {
  MadeSound made{{"Noise"}, noise(NoiseColour::white, random)};
  const double hz = draw_log(random, {150.0, 6000.0});
  const double q = draw_log(random, {4.0, 40.0});
  for (int order = 0; order < 2; ++order) Biquad::band_pass(hz, q).filter(made.samples);
  return made;
}

MadeSound pulsing(KeyedRandom& random) {
  MadeSound made{{"Noise", "Throbbing"}, noise(any_colour(random), random)};
  const double hz = draw_log(random, {0.5, 12.0});
  const double depth = random.uniform(0.4, 1.0);
  const double sharpness = random.uniform(0.5, 4.0);
  const double turn = random.uniform();
  for (std::size_t i = 0; i < made.samples.size(); ++i) {
    const double wave = 0.5 + 0.5 * std::sin(kNoiseTurn * (hz * time_of(i) + turn));
    made.samples[i] *= static_cast<float>(1.0 - depth + depth * std::pow(wave, sharpness));
  }
  return made;
}

// What blows harder is louder and brighter.
MadeSound wind(KeyedRandom& random) {
  MadeSound made{{"Wind", "Wind noise (microphone)", "Noise"}, noise(NoiseColour::pink, random)};
  struct Gust {
    double hz, turn;
  };
  std::array<Gust, 4> gusts;
  for (Gust& gust : gusts) gust = {draw_log(random, {0.05, 1.2}), random.uniform()};
  const double calm_hz = draw_log(random, {150.0, 700.0});
  const double octaves = random.uniform(1.0, 3.0);
  double first = 0.0;
  double second = 0.0;
  for (std::size_t i = 0; i < made.samples.size(); ++i) {
    double force = 0.0;  // -1 .. 1
    for (const Gust& gust : gusts)
      force += std::sin(kNoiseTurn * (gust.hz * time_of(i) + gust.turn)) / gusts.size();
    const double pass =
        1.0 - std::exp(-kNoiseTurn * calm_hz * std::exp2(octaves * (0.5 + 0.5 * force)) / kOutlierHz);
    first += pass * (static_cast<double>(made.samples[i]) - first);
    second += pass * (first - second);
    made.samples[i] = static_cast<float>(second * std::exp2(0.6 * octaves * force));
  }
  return made;
}

constexpr std::array kNoiseKinds{SoundKind{"white", white},     SoundKind{"pink", pink},
                                 SoundKind{"brown", brown},     SoundKind{"blue", blue},
                                 SoundKind{"band", band},       SoundKind{"narrow", narrow},
                                 SoundKind{"pulsing", pulsing}, SoundKind{"wind", wind}};

}  // namespace

std::span<const SoundKind> noise_kinds() {
  return kNoiseKinds;
}

}  // namespace earshot
