// The outliers that chance makes: the same by the same seed, none like another, what they say they are.
#include "train/outliers/GeneratedFamilies.h"

#include <cmath>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Sha256.h"
#include "nn/model/Model.h"
#include "tests/support/BundledModel.h"
#include "train/outliers/Biquad.h"
#include "train/outliers/Excerpts.h"
#include "train/outliers/Noise.h"
#include "train/outliers/Oscillator.h"
#include "train/outliers/Room.h"

namespace earshot::test {
namespace {

std::string hash_of_sound(std::span<const float> samples) {
  return sha256_of({reinterpret_cast<const char*>(samples.data()), samples.size_bytes()});
}

double rms_of(const Samples& samples, std::size_t begin, std::size_t end) {
  double sum = 0.0;
  for (std::size_t i = begin; i < end; ++i)
    sum += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
  return std::sqrt(sum / static_cast<double>(end - begin));
}

double level_around_db(Samples samples, double hz) {
  for (int order = 0; order < 2; ++order) Biquad::band_pass(hz, 2.0).filter(samples);
  return 20.0 * std::log10(rms_of(samples, samples.size() / 5, samples.size()));
}

}  // namespace

TEST_CASE("generated outliers are made again by the same seed alone, in whatever order") {
  for (const GeneratedFamily& family : generated_families()) {
    for (std::size_t kind = 0; kind < family.kinds.size(); ++kind) {
      INFO(family.name << ' ' << family.kinds[kind].name);
      const Outlier first = generate(family, kind, 7);
      const Outlier again = generate(family, kind, 7);
      CHECK(first.samples == again.samples);
      CHECK(first.peak_dbfs == again.peak_dbfs);
      CHECK(first.labels == again.labels);
      if (kind > 0) continue;
      const Outlier other = generate(family, kind, 8);
      CHECK(first.samples != other.samples);
      CHECK(first.peak_dbfs != other.peak_dbfs);
    }
  }
}

TEST_CASE("no two generated outliers are alike, none is silent, and all labels are the bundled model's") {
  const auto bundled = find_bundled_model();
  if (!bundled) return;
  const std::vector<std::string> known = load_model(*bundled).labels;
  const std::set<std::string> labels(known.begin(), known.end());
  std::set<std::string> sounds;
  std::set<std::string> names;
  std::size_t loud = 0;
  std::size_t all = 0;
  for (const GeneratedFamily& family : generated_families()) {
    for (std::size_t i = 0; i < 2 * family.kinds.size(); ++i) {
      const Outlier outlier = generate(family, i, 1);
      INFO(family.name << '/' << outlier.name);
      CHECK(outlier.samples.size() == kOutlierSamples);
      const float peak = peak_of(outlier.samples);
      CHECK(std::isfinite(peak));
      CHECK(peak > 1e-3F);
      CHECK(outlier.peak_dbfs >= kOutlierPeaksDbfs.low);
      CHECK(outlier.peak_dbfs <= kOutlierPeaksDbfs.high);
      loud += outlier.peak_dbfs > -20.0;
      ++all;
      CHECK_FALSE(outlier.labels.empty());
      for (const std::string& label : outlier.labels) {
        INFO(label);
        CHECK(labels.contains(label));
      }
      sounds.insert(hash_of_sound(outlier.samples));
      names.insert(std::string(family.name) + '/' + outlier.name);
    }
  }
  CHECK(sounds.size() == all);
  CHECK(names.size() == all);
  CHECK(loud > all / 3);
  CHECK(loud < 2 * all / 3);
}

TEST_CASE("noise falls by its colour's decibels an octave") {
  KeyedRandom random(3);
  const auto slope_db =
      [&](NoiseColour colour) {  // in bands of equal width in octaves: 3 above that in hertz
        const Samples samples = noise(colour, random);
        return (level_around_db(samples, 4000.0) - level_around_db(samples, 250.0)) / 4.0 - 3.0;
      };
  CHECK(slope_db(NoiseColour::white) == Approx(0.0).margin(0.4));
  CHECK(slope_db(NoiseColour::pink) == Approx(-3.0).margin(0.4));
  CHECK(slope_db(NoiseColour::brown) == Approx(-6.0).margin(0.4));
  CHECK(slope_db(NoiseColour::blue) == Approx(3.0).margin(0.4));
}

TEST_CASE("an oscillator has its frequency, and little of a saw folds back") {
  Samples sine = silence();
  Samples saw = silence();
  Oscillator a(Wave::sine);
  Oscillator b(Wave::saw);
  for (std::size_t i = 0; i < sine.size(); ++i) {
    sine[i] = static_cast<float>(a(1000.0));
    saw[i] = static_cast<float>(b(3001.0));
  }
  CHECK(level_around_db(sine, 1000.0) == Approx(20.0 * std::log10(std::sqrt(0.5))).margin(0.05));
  Biquad::band_pass(1000.0, 20.0).filter(saw);  // below its lowest: only what folds back
  CHECK(rms_of(saw, saw.size() / 2, saw.size()) < 0.02);
}

TEST_CASE("a room's echoes fall by 60 dB in the time they are to") {
  for (const double decay_s : {0.3, 1.0}) {
    Samples click = silence();
    click[0] = 1.0F;
    KeyedRandom random(5);
    const Room room{.decay_s = decay_s, .dull_hz = 20'000.0, .size_ms = 20.0, .wet = 1.0};
    const Samples heard = in_room(click, room, random);
    const std::size_t part = sample_at(decay_s / 3.0);  // 20 dB
    const double early = rms_of(heard, part, 2 * part);
    const double late = rms_of(heard, 2 * part, 3 * part);
    CHECK(20.0 * std::log10(early / late) == Approx(20.0).margin(3.0));
  }
}

TEST_CASE("excerpts lie one in each part of a sound, and where it is quiet there is none") {
  Samples sound(3 * kOutlierSamples, 0.0F);
  for (std::size_t i = 0; i < 2 * kOutlierSamples; ++i) sound[i] = static_cast<float>(i % 100) / 200.0F;
  KeyedRandom random(1);
  const auto first = cut_excerpt(sound, 0, 2, random);
  const auto second = cut_excerpt(sound, 1, 2, random);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->samples.size() == kOutlierSamples);
  CHECK(first->start_s < 5.0);
  CHECK(second->start_s >= 5.0);
  CHECK(second->start_s < 10.0);
  CHECK(first->samples[0] == sound[sample_at(first->start_s + 1e-6)]);
  CHECK_FALSE(cut_excerpt(std::span(sound).subspan(2 * kOutlierSamples), 0, 1, random));
  CHECK_FALSE(cut_excerpt(std::span(sound).first(kOutlierSamples - 1), 0, 1, random));

  const std::vector<float> shown{0.5F, -0.5F};
  const std::vector<float> over_and_over = repeated(shown, 3.0 / kOutlierHz);
  CHECK(over_and_over.size() == kOutlierSamples);
  CHECK(std::vector<float>(over_and_over.begin(), over_and_over.begin() + 7) ==
        std::vector<float>{0.5F, -0.5F, 0.0F, 0.0F, 0.0F, 0.5F, -0.5F});
}

}  // namespace earshot::test
