#include "train/outliers/Noise.h"

#include <array>

namespace earshot {
namespace {

// Normal, one for each sample.
Samples white_noise(KeyedRandom& random) {
  static_assert(kOutlierSamples % 2 == 0);
  Samples samples = silence();
  for (std::size_t i = 0; i < samples.size(); i += 2) {
    const auto [first, second] = draw_normals(random);
    samples[i] = static_cast<float>(first);
    samples[i + 1] = static_cast<float>(second);
  }
  return samples;
}

// A sum of low-passes of white noise, within 0.05 dB of 1/f above 9 Hz (Kellet, "Filter to make pink noise
// from white", refined method, music-dsp mailing list 1999).
void make_pink(Samples& white) {
  struct Pole {
    double keep, gain;
  };
  constexpr std::array kPoles{Pole{0.99886, 0.0555179}, Pole{0.99332, 0.0750759}, Pole{0.96900, 0.1538520},
                              Pole{0.86650, 0.3104856}, Pole{0.55000, 0.5329522}, Pole{-0.7616, -0.0168980}};
  std::array<double, kPoles.size()> state{};
  double before = 0.0;
  for (float& sample : white) {
    const double in = static_cast<double>(sample);
    double sum = before + 0.5362 * in;
    for (std::size_t i = 0; i < kPoles.size(); ++i) {
      state[i] = kPoles[i].keep * state[i] + kPoles[i].gain * in;
      sum += state[i];
    }
    before = 0.115926 * in;
    sample = static_cast<float>(sum);
  }
}

// Summed up, what lies below 20 Hz forgotten.
void integrate(Samples& samples) {
  const double keep = std::exp(-2.0 * std::numbers::pi * 20.0 / kOutlierHz);
  double sum = 0.0;
  for (float& sample : samples) {
    sum = keep * sum + static_cast<double>(sample);
    sample = static_cast<float>(sum);
  }
}

// From sample to sample: 6 dB an octave.
void differentiate(Samples& samples) {
  float before = 0.0F;
  for (float& sample : samples) sample -= std::exchange(before, sample);
}

}  // namespace

Samples noise(NoiseColour colour, KeyedRandom& random) {
  Samples samples = white_noise(random);
  switch (colour) {
    case NoiseColour::white:
      break;
    case NoiseColour::pink:
      make_pink(samples);
      break;
    case NoiseColour::brown:
      integrate(samples);
      break;
    case NoiseColour::blue:
      make_pink(samples);
      differentiate(samples);
      break;
  }
  return samples;
}

}  // namespace earshot
