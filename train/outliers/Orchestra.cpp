#include "train/outliers/Orchestra.h"

#include <array>
#include <cmath>
#include <numbers>

#include "train/outliers/Biquad.h"
#include "train/outliers/Oscillator.h"
#include "train/outliers/Room.h"
#include "train/outliers/Strike.h"

namespace earshot {
namespace {

constexpr Range kHallS{0.8, 2.8};

struct Note {
  double start_s;
  double length_s;
  double hz;
  double level = 1.0;
};

// In a scale (semitones above its first note), mostly to a neighbour, now and then with a rest.
std::vector<Note> line(Range lowest_hz, Range note_s, KeyedRandom& random) {
  constexpr std::array kScales{std::array{0, 2, 4, 5, 7, 9, 11}, std::array{0, 2, 3, 5, 7, 8, 10},
                               std::array{0, 2, 3, 5, 7, 9, 10}};
  constexpr int kDegrees = 7;
  constexpr int kHighest = 2 * kDegrees;
  const double hz = draw_log(random, lowest_hz);
  const double beat_s = draw_log(random, note_s);
  const auto& scale = kScales[random.below(kScales.size())];
  std::vector<Note> notes;
  int degree = static_cast<int>(random.below(kDegrees));
  for (double at_s = random.uniform(0.0, 0.4); at_s < kOutlierSeconds;) {
    const double length_s = beat_s * static_cast<double>(1 + random.below(3));
    if (!draw_chance(random, 0.12)) {
      const double semitones =
          scale[static_cast<std::size_t>(degree % kDegrees)] + 12.0 * (degree / kDegrees);
      notes.push_back({at_s, length_s, hz * factor_of_semitones(semitones), random.uniform(0.6, 1.0)});
    }
    at_s += length_s;
    degree = std::clamp(degree + static_cast<int>(random.below(5)) - 2, 0, kHighest);
  }
  return notes;
}

// Held together, changed once or twice.
std::vector<Note> chords(Range lowest_hz, KeyedRandom& random) {
  constexpr std::array kChords{std::array{0, 4, 7, 12}, std::array{0, 3, 7, 12}, std::array{0, 5, 9, 12},
                               std::array{0, 7, 12, 16}, std::array{0, 7, 12, 15}};
  std::vector<Note> notes;
  const auto count = 1 + random.below(3);
  const double length_s = static_cast<double>(kOutlierSeconds) / count;
  for (std::uint32_t n = 0; n < count; ++n) {
    const double hz = draw_log(random, lowest_hz);
    for (const int semitones : kChords[random.below(kChords.size())]) {
      if (!draw_chance(random, 0.2))
        notes.push_back({n * length_s, length_s, hz * factor_of_semitones(semitones)});
    }
  }
  return notes;
}

struct Waver {
  double hz;
  double bend;  ///< share of the frequency
  Oscillator oscillator{Wave::sine};

  static Waver drawn(KeyedRandom& random) {
    return {random.uniform(4.0, 7.0), random.uniform(0.0005, 0.012),
            Oscillator(Wave::sine, random.uniform())};
  }
  double operator()() noexcept { return 1.0 + bend * oscillator(hz); }
};

// Rises, holds, and falls a little past its end.
double envelope(const Note& note, double t_s, double attack_s, double release_s) {
  const double rise = std::min(1.0, t_s / attack_s);
  const double fall = t_s < note.length_s ? 1.0 : std::exp(-(t_s - note.length_s) / release_s);
  return note.level * rise * fall;
}

// Adds value(envelope) for each sample of a note.
template <class Value>
void play(Samples& to, const Note& note, double attack_s, double release_s, Value&& value) {
  const std::size_t start = sample_at(note.start_s);
  const std::size_t end = std::min(to.size(), sample_at(note.start_s + note.length_s + 5.0 * release_s));
  for (std::size_t i = start; i < end; ++i)
    to[i] += static_cast<float>(value(envelope(note, time_of(i - start), attack_s, release_s)));
}

// One player: a few harmonics, the louder the brighter, and breath.
Samples wind_line(KeyedRandom& random) {
  Samples sound = silence();
  const double attack_s = draw_log(random, {0.015, 0.12});
  const double fall_db = random.uniform(4.0, 16.0);  // from harmonic to harmonic
  const bool hollow = draw_chance(random, 0.3);      // a clarinet: every second is weak
  const double breath = gain_of_db(-random.uniform(18.0, 45.0));
  constexpr int kHarmonics = 10;
  for (const Note& note : line({130.0, 700.0}, {0.12, 0.9}, random)) {
    Waver waver = Waver::drawn(random);
    std::vector<Oscillator> harmonics;
    for (int n = 0; n < kHarmonics && note.hz * (n + 1) < kOutlierHz / 4.5; ++n)
      harmonics.emplace_back(Wave::sine);
    Biquad air = Biquad::band_pass(std::min(2.0 * note.hz, 8000.0), 0.8);
    play(sound, note, attack_s, 0.04, [&](double level) {
      const double hz = note.hz * waver();
      const double fall = gain_of_db(-fall_db * (1.4 - 0.4 * level));
      double sum = breath * air(random.uniform(-1.0, 1.0));
      double loudness = 1.0;
      for (std::size_t n = 0; n < harmonics.size(); ++n, loudness *= fall) {
        const double weak = hollow && n % 2 == 1 ? 0.1 : 1.0;
        sum += weak * loudness * harmonics[n](hz * static_cast<double>(n + 1));
      }
      return level * sum;
    });
  }
  return sound;
}

// Several players to a note, none quite in tune with another.
Samples section(const std::vector<Note>& notes, Range attacks_s, KeyedRandom& random) {
  Samples sound = silence();
  const double attack_s = draw_log(random, attacks_s);
  const auto players = 2 + random.below(4);
  const bool trembles = draw_chance(random, 0.25);  // tremolo: the bow goes to and fro
  for (const Note& note : notes) {
    for (std::uint32_t player = 0; player < players; ++player) {
      Waver waver = Waver::drawn(random);
      Oscillator bow(Wave::sine, random.uniform());
      const double bow_hz = random.uniform(9.0, 15.0);
      Oscillator tone(Wave::saw, random.uniform());
      const double hz = note.hz * (1.0 + random.uniform(-0.004, 0.004));
      play(sound, note, attack_s, 0.08, [&](double level) {
        const double stroke = trembles ? 0.55 + 0.45 * bow(bow_hz) : 1.0;
        return level * stroke * tone(hz * waver());
      });
    }
  }
  return sound;
}

void resonate(Samples& sound, std::span<const double> formants_hz, double q) {
  Samples sum = silence();
  for (const double hz : formants_hz) {
    Samples part = sound;
    Biquad::band_pass(hz, q).filter(part);
    add(sum, part);
  }
  sound = std::move(sum);
}

Samples string_section(KeyedRandom& random) {
  const bool held = draw_chance(random, 0.6);
  const std::vector<Note> notes =
      held ? chords({65.0, 400.0}, random) : line({100.0, 500.0}, {0.1, 0.8}, random);
  Samples sound = section(notes, held ? Range{0.05, 0.8} : Range{0.01, 0.1}, random);
  Biquad::low_pass(draw_log(random, {1200.0, 7000.0})).filter(sound);
  Biquad::high_pass(80.0).filter(sound);
  return sound;
}

Samples brass_section(KeyedRandom& random) {
  const bool held = draw_chance(random, 0.5);
  const std::vector<Note> notes =
      held ? chords({50.0, 250.0}, random) : line({60.0, 350.0}, {0.12, 0.6}, random);
  Samples sound = section(notes, {0.02, 0.15}, random);
  Biquad::low_pass(draw_log(random, {500.0, 4000.0}), 1.0).filter(sound);
  return sound;
}

Samples choir_section(KeyedRandom& random) {
  constexpr std::array kVowels{std::array{700.0, 1150.0, 2700.0}, std::array{400.0, 800.0, 2600.0},
                               std::array{300.0, 750.0, 2500.0}, std::array{450.0, 1900.0, 2600.0}};
  Samples sound = section(chords({90.0, 350.0}, random), {0.08, 0.5}, random);
  const auto& vowel = kVowels[random.below(kVowels.size())];
  resonate(sound, vowel, random.uniform(3.0, 8.0));
  return sound;
}

// Kettles and skins: modes of a membrane (Rossing 1982: 1, 1.5, 1.98, 2.44 of a timpano), single and in
// rolls.
Samples drum_line(KeyedRandom& random) {
  Samples sound = silence();
  const double hz = draw_log(random, {45.0, 180.0});
  const double ring_s = draw_log(random, {0.08, 0.7});
  const bool rolls = draw_chance(random, 0.5);
  const double period_s = rolls ? random.uniform(0.045, 0.12) : draw_log(random, {0.18, 1.0});
  const double burst = random.uniform(0.05, 0.5);
  const double swell_hz = random.uniform(0.1, 0.5);
  const double swell_at = random.uniform();
  for (double at_s = random.uniform(0.0, 0.3); at_s < kOutlierSeconds;
       at_s += period_s * random.uniform(0.93, 1.07)) {
    const double swell =
        rolls ? 0.55 + 0.45 * std::sin(2.0 * std::numbers::pi * (swell_hz * at_s + swell_at)) : 1.0;
    const double level = swell * random.uniform(0.6, 1.0);
    constexpr std::array kModes{1.0, 1.5, 1.98, 2.44};
    for (std::size_t mode = 0; mode < kModes.size(); ++mode)
      add_ring(
          sound,
          {at_s, ring_s / (1.0 + 0.6 * static_cast<double>(mode)), level / (1.0 + static_cast<double>(mode))},
          hz * kModes[mode]);
    add_burst(sound, {at_s, random.uniform(0.003, 0.02), burst * level}, random);
  }
  Biquad::low_pass(draw_log(random, {300.0, 4000.0})).filter(sound);
  return sound;
}

MadeSound in_hall(std::vector<std::string> labels, const Samples& sound, KeyedRandom& random) {
  return {std::move(labels), in_room(sound, Room::drawn(random, kHallS), random)};
}

MadeSound winds(KeyedRandom& random) {
  return in_hall({"Music", "Flute", "Wind instrument, woodwind instrument"}, wind_line(random), random);
}
MadeSound strings(KeyedRandom& random) {
  return in_hall({"Music", "String section", "Bowed string instrument"}, string_section(random), random);
}
MadeSound brass(KeyedRandom& random) {
  return in_hall({"Music", "Brass instrument"}, brass_section(random), random);
}
MadeSound choir(KeyedRandom& random) {
  return in_hall({"Music", "Choir", "Singing"}, choir_section(random), random);
}
MadeSound drums(KeyedRandom& random) {
  return in_hall({"Music", "Timpani", "Drum", "Drum roll"}, drum_line(random), random);
}

// Two to four of them together.
MadeSound tutti(KeyedRandom& random) {
  constexpr std::array kParts{wind_line, string_section, brass_section, choir_section, drum_line};
  Samples sound = kParts[random.below(kParts.size())](random);
  const auto more = 1 + random.below(3);
  for (std::uint32_t i = 0; i < more; ++i)
    add_below(sound, kParts[random.below(kParts.size())](random), {-6.0, 12.0}, random);
  return in_hall({"Music", "Orchestra"}, sound, random);
}

constexpr std::array kOrchestraKinds{SoundKind{"winds", winds}, SoundKind{"strings", strings},
                                     SoundKind{"brass", brass}, SoundKind{"choir", choir},
                                     SoundKind{"drums", drums}, SoundKind{"tutti", tutti}};

}  // namespace

std::span<const SoundKind> orchestra_kinds() {
  return kOrchestraKinds;
}

}  // namespace earshot
