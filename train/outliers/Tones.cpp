#include "train/outliers/Tones.h"

#include <array>
#include <cmath>

#include "train/outliers/Biquad.h"
#include "train/outliers/Oscillator.h"

namespace earshot {
namespace {

// From 0 to 1 at the edges of what lasts `length_s`, so that nothing clicks.
double edges(double t, double length_s, double edge_s) {
  return std::clamp(std::min(t, length_s - t) / edge_s, 0.0, 1.0);
}

Samples steady(Wave wave, double hz) {
  Samples samples = silence();
  Oscillator tone(wave);
  for (float& sample : samples) sample = static_cast<float>(tone(hz));
  return samples;
}

MadeSound sine(KeyedRandom& random) {
  return {{"Sine wave"}, steady(Wave::sine, draw_log(random, {60.0, 9000.0}))};
}

MadeSound square(KeyedRandom& random) {
  return {{"Synthesizer", "Harmonic", "Buzzer"}, steady(Wave::square, draw_log(random, {50.0, 3000.0}))};
}

MadeSound saw(KeyedRandom& random) {
  return {{"Synthesizer", "Harmonic", "Buzzer"}, steady(Wave::saw, draw_log(random, {50.0, 3000.0}))};
}

MadeSound wavering(KeyedRandom& random) {
  MadeSound made{{"Sine wave"}, silence()};
  const double hz = draw_log(random, {150.0, 3000.0});
  const double waver_hz = draw_log(random, {2.0, 9.0});
  const double bend = random.uniform(0.002, 0.06);
  const double depth = random.uniform(0.0, 0.8);
  Oscillator tone(Wave::sine);
  Oscillator waver(Wave::sine, random.uniform());
  for (float& sample : made.samples) {
    const double now = waver(waver_hz);
    sample = static_cast<float>((1.0 - depth * (0.5 + 0.5 * now)) * tone(hz * (1.0 + bend * now)));
  }
  return made;
}

// Semitones above the lowest note; 0 ends a chord of three.
using Chord = std::array<int, 4>;
constexpr std::array kChords{Chord{0, 4, 7, 0}, Chord{0, 3, 7, 0}, Chord{0, 4, 7, 10}, Chord{0, 3, 7, 10},
                             Chord{0, 5, 7, 0}, Chord{0, 4, 8, 0}, Chord{0, 4, 7, 11}};

std::size_t notes_of(const Chord& chord) {
  return chord.back() == 0 ? chord.size() - 1 : chord.size();
}

// One to four, held and let go.
MadeSound chord(KeyedRandom& random) {
  constexpr std::array kWaves{Wave::sine, Wave::saw, Wave::square};
  MadeSound made{{"Synthesizer", "Harmonic", "Music"}, silence()};
  const Wave wave = kWaves[random.below(kWaves.size())];
  const auto count = 1 + random.below(4);
  const double length_s = static_cast<double>(kOutlierSeconds) / count;
  for (std::uint32_t n = 0; n < count; ++n) {
    const double hz = draw_log(random, {90.0, 500.0});
    const Chord& notes = kChords[random.below(kChords.size())];
    const double edge_s = draw_log(random, {0.005, 0.3});
    for (std::size_t note = 0; note < notes_of(notes); ++note) {
      Oscillator tone(wave, random.uniform());
      for (std::size_t i = sample_at(n * length_s); i < sample_at((n + 1) * length_s); ++i)
        made.samples[i] += static_cast<float>(edges(time_of(i) - n * length_s, length_s, edge_s) *
                                              tone(hz * factor_of_semitones(notes[note])));
    }
  }
  Biquad::low_pass(draw_log(random, {800.0, 12'000.0})).filter(made.samples);
  return made;
}

MadeSound beeps(KeyedRandom& random) {
  MadeSound made{{"Beep, bleep"}, silence()};
  const double period_s = draw_log(random, {0.15, 2.0});
  const double on_s = std::min(draw_log(random, {0.03, 0.6}), 0.8 * period_s);
  const double edge_s = draw_log(random, {0.001, 0.02});
  const auto in_a_row = 1 + random.below(4);  // then as many rests
  const double hz = draw_log(random, {350.0, 4500.0});
  Oscillator tone(draw_chance(random, 0.5) ? Wave::sine : Wave::square);
  for (std::size_t i = 0; i < made.samples.size(); ++i) {
    const double now = tone(hz);
    const double beat = time_of(i) / period_s;
    const bool rests = static_cast<std::uint32_t>(beat) / in_a_row % 2 == 1;
    if (!rests)
      made.samples[i] = static_cast<float>(edges((beat - std::floor(beat)) * period_s, on_s, edge_s) * now);
  }
  return made;
}

// Keys of a telephone, two tones each (ITU-T Q.23).
MadeSound dialling(KeyedRandom& random) {
  constexpr std::array kRowsHz{697.0, 770.0, 852.0, 941.0};
  constexpr std::array kColumnsHz{1209.0, 1336.0, 1477.0, 1633.0};
  MadeSound made{{"Telephone dialing, DTMF", "Beep, bleep"}, silence()};
  const double key_s = random.uniform(0.06, 0.25);
  const double gap_s = random.uniform(0.04, 0.3);
  const double tuning = random.uniform(0.99, 1.01);
  for (double start_s = 0.0; start_s + key_s < kOutlierSeconds;
       start_s += key_s + gap_s * random.uniform(0.8, 1.5)) {
    Oscillator row(Wave::sine);
    Oscillator column(Wave::sine);
    const double row_hz = tuning * kRowsHz[random.below(kRowsHz.size())];
    const double column_hz = tuning * kColumnsHz[random.below(kColumnsHz.size())];
    for (std::size_t i = sample_at(start_s); i < sample_at(start_s + key_s); ++i)
      made.samples[i] =
          static_cast<float>(edges(time_of(i) - start_s, key_s, 0.003) * (row(row_hz) + column(column_hz)));
  }
  return made;
}

// Saws beside each note that are a little out of tune, under a filter that opens and closes.
MadeSound pad(KeyedRandom& random) {
  MadeSound made{{"Synthesizer", "Chorus effect", "Music"}, silence()};
  const double hz = draw_log(random, {60.0, 300.0});
  const Chord& notes = kChords[random.below(kChords.size())];
  const double detuned = random.uniform(0.05, 0.3);
  for (std::size_t note = 0; note < notes_of(notes); ++note) {
    for (int voice = -1; voice <= 1; ++voice) {
      Oscillator tone(Wave::saw, random.uniform());
      const double voice_hz =
          hz * factor_of_semitones(notes[note] + voice * detuned * random.uniform(0.5, 1.5));
      for (float& sample : made.samples) sample += static_cast<float>(tone(voice_hz));
    }
  }
  const double closed_hz = draw_log(random, {200.0, 1500.0});
  const double opening_hz = draw_log(random, {0.1, 1.0});
  Oscillator opening(Wave::sine, random.uniform());
  double dulled = 0.0;
  for (float& sample : made.samples) {
    const double pass_hz = closed_hz * std::exp2(1.5 + 1.5 * opening(opening_hz));
    dulled += (1.0 - std::exp(-2.0 * std::numbers::pi * pass_hz / kOutlierHz)) *
              (static_cast<double>(sample) - dulled);
    sample = static_cast<float>(dulled);
  }
  return made;
}

constexpr std::array kToneKinds{SoundKind{"sine", sine},         SoundKind{"square", square},
                                SoundKind{"saw", saw},           SoundKind{"wavering", wavering},
                                SoundKind{"chord", chord},       SoundKind{"beeps", beeps},
                                SoundKind{"dialling", dialling}, SoundKind{"pad", pad}};

}  // namespace

std::span<const SoundKind> tone_kinds() {
  return kToneKinds;
}

}  // namespace earshot
