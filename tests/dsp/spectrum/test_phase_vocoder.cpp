// PhaseVocoder: librosa's results, and what stretching and shifting must do to any tone.
#include "dsp/spectrum/PhaseVocoder.h"

#include <cmath>
#include <numbers>
#include <string>

#include "dsp/audio/AudioFile.h"
#include "dsp/audio/Resampler.h"
#include "tests/dsp/Signals.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

constexpr int kRateHz = 22050;

std::vector<float> golden(const std::string& name) {
  return load_clip(std::string(EARSHOT_SOURCE_DIR) + "/tests/golden/vocoder/" + name + ".wav", kRateHz)
      .samples;
}

double largest_difference(std::span<const float> a, std::span<const float> b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return largest;
}

/// Root of the mean square of a - b over that of b.
double relative_rms(std::span<const float> a, std::span<const float> b) {
  double apart = 0.0;
  double whole = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    apart += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    whole += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(apart / whole);
}

/// Of the tone at `hz` within the middle half.
double amplitude_at(std::span<const float> samples, double hz) {
  const std::span<const float> middle = samples.subspan(samples.size() / 4, samples.size() / 2);
  double re = 0.0;
  double im = 0.0;
  double weights = 0.0;
  for (std::size_t i = 0; i < middle.size(); ++i) {
    const double turns = static_cast<double>(i) / static_cast<double>(middle.size());
    const double weight = 0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * turns);
    const double phase = 2.0 * std::numbers::pi * hz * static_cast<double>(i) / kRateHz;
    re += weight * static_cast<double>(middle[i]) * std::cos(phase);
    im += weight * static_cast<double>(middle[i]) * std::sin(phase);
    weights += weight;
  }
  return 2.0 * std::hypot(re, im) / weights;
}

}  // namespace

TEST_CASE("a stretched sound is librosa's", "[vocoder]") {
  PhaseVocoder vocoder;
  const std::vector<float> sound = golden("sound");
  for (const auto& [name, rate] :
       {std::pair{"stretch_0.8", 0.8}, {"stretch_1", 1.0}, {"stretch_1.2", 1.2}, {"stretch_2", 2.0}}) {
    const std::vector<float> expected = golden(name);
    const std::vector<float> stretched = vocoder.time_stretch(sound, rate);
    INFO(name);
    REQUIRE(stretched.size() == expected.size());
    CHECK(largest_difference(stretched, expected) < 1e-4);
    CHECK(relative_rms(stretched, expected) < 1e-5);
  }
}

TEST_CASE("a shifted sound is librosa's but for the filters of two resamplers", "[vocoder]") {
  PhaseVocoder vocoder;
  const std::vector<float> sound = golden("sound");
  for (const auto& [name, semitones] : {std::pair{"pitch_-6", -6.0}, {"pitch_3.5", 3.5}}) {
    const std::vector<float> expected = golden(name);
    const std::vector<float> shifted = vocoder.pitch_shift(sound, semitones);
    INFO(name);
    REQUIRE(shifted.size() == sound.size());
    CHECK(relative_rms(shifted, expected) < 0.02);
  }
}

TEST_CASE("a tone keeps its pitch when stretched and its length when shifted", "[vocoder]") {
  PhaseVocoder vocoder;
  const std::vector<float> tone = sine(1000.0, 0.5, kRateHz, 30'000);
  const std::vector<float> slow = vocoder.time_stretch(tone, 0.7);
  CHECK(slow.size() == 42'857);
  // Some is lost where neighbouring bins drift apart, in librosa's as well.
  CHECK(amplitude_at(slow, 1000.0) == Approx(0.5).epsilon(0.15));
  const std::vector<float> octave = vocoder.pitch_shift(tone, 12.0);
  CHECK(octave.size() == tone.size());
  CHECK(amplitude_at(octave, 2000.0) == Approx(0.5).epsilon(0.15));
  CHECK(amplitude_at(octave, 1000.0) < 0.01);
}

TEST_CASE("the inverse of a spectrum is the frame under the window twice", "[vocoder]") {
  for (const int length : {64, 128, 2048}) {
    Stft stft(length);
    const auto n = static_cast<std::size_t>(length);
    const std::vector<float> samples = noise(n * kLanes, 3);
    std::array<const float*, kLanes> frames{};
    for (std::size_t lane = 0; lane < kLanes; ++lane) frames[lane] = &samples[lane * n];
    std::vector<float> re(stft.bins() * kLanes);
    std::vector<float> im(re.size());
    std::vector<float> back(samples.size());
    stft.spectrum(frames, re, im);
    stft.windowed_inverse(re, im, back);
    std::vector<float> expected(samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      expected[i] = samples[i] * stft.window()[i % n] * stft.window()[i % n];
    }
    CHECK(largest_difference(back, expected) < 1e-6);
    std::vector<float> power(re.size());
    stft.power(frames, power);
    for (std::size_t i = 0; i < power.size(); ++i) {  // arm64 rounds a multiply-add once
      REQUIRE(power[i] == Approx(re[i] * re[i] + im[i] * im[i]).epsilon(1e-6).margin(0.0));
    }
  }
}

TEST_CASE("sounds of no or few samples and silence pass through the vocoder", "[vocoder]") {
  PhaseVocoder vocoder;
  CHECK(vocoder.time_stretch({}, 2.0).empty());
  CHECK(vocoder.time_stretch(std::vector<float>(1, 0.5F), 2.0).empty());  // 0.5 rounds to even
  CHECK(vocoder.pitch_shift(std::vector<float>(10, 0.1F), 6.0).size() == 10);
  CHECK(vocoder.time_stretch(std::vector<float>(5000), 1.25) == std::vector<float>(4000));
  // Silence first: what follows is as loud as it was.
  std::vector<float> late(8192);
  const std::vector<float> tone = sine(1000.0, 0.5, kRateHz, 20'000);
  late.insert(late.end(), tone.begin(), tone.end());
  const std::vector<float> quick = vocoder.time_stretch(late, 1.3);
  CHECK(amplitude_at(std::span(quick).last(14'000), 1000.0) == Approx(0.5).epsilon(0.05));
}

TEST_CASE("a tone is resampled by any number, and what lies beyond half of the rate is gone", "[vocoder]") {
  const std::vector<float> tone = sine(1000.0, 0.5, kRateHz, 20'000);
  for (const double speed : {0.8, 1.0, 1.2345}) {
    const std::vector<float> filtered = resample_by(tone, speed, ResampleQuality::sinc);
    CHECK(filtered.size() == static_cast<std::size_t>(std::ceil(20'000 / speed)));
    CHECK(amplitude_at(filtered, 1000.0 * speed) == Approx(0.5).epsilon(0.002));
    const std::vector<float> straight = resample_by(tone, speed, ResampleQuality::linear);
    CHECK(straight.size() == filtered.size());
    // Straight lines are the samples under a triangle two samples wide, whose spectrum is sinc squared.
    const double turn = std::numbers::pi * 1000.0 / kRateHz;
    const double dulled = speed == 1.0 ? 1.0 : std::pow(std::sin(turn) / turn, 2.0);
    CHECK(amplitude_at(straight, 1000.0 * speed) == Approx(0.5 * dulled).epsilon(0.002));
  }
  const std::vector<float> high = sine(10'000.0, 0.5, kRateHz, 20'000);
  double highest = 0.0;
  const std::vector<float> gone = resample_by(high, 1.25, ResampleQuality::sinc);
  for (const float sample : std::span(gone).subspan(1000, 14'000)) {
    highest = std::max(highest, std::abs(static_cast<double>(sample)));
  }
  CHECK(highest < 1e-3);
}

}  // namespace earshot::test
