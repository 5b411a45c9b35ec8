// AudioAugmentation: each effect's law, and that nothing but the key decides.
#include "train/samples/AudioAugmentation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "dsp/base/Error.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"
#include "train/data/SoundFiles.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

constexpr int kRateHz = 8000;

std::vector<float> tone(std::size_t n, double hz = 440.0) {
  return sine(hz, kRateHz, n);
}

/// The share of the signal that lies at `hz`, by one DFT bin.
double amplitude_at(std::span<const float> samples, double hz) {
  double re = 0.0;
  double im = 0.0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double phase = 2.0 * 3.14159265358979323846 * hz * static_cast<double>(i) / kRateHz;
    re += samples[i] * std::cos(phase);
    im += samples[i] * std::sin(phase);
  }
  return 2.0 * std::hypot(re, im) / static_cast<double>(samples.size());
}

AudioAugmentation::Settings everything(double probability, const std::string& folder) {
  AudioAugmentation::Settings all;
  all.stretch = {probability, {0.8, 1.2}};
  all.pitch = {probability, {-6.0, 6.0}};
  all.speed = {probability, 1.25};
  all.shift = {probability, {-0.2, 0.2}};
  all.gain = {probability, {-6.0, 6.0}};
  all.background = {probability, folder, {0.0, 20.0}};
  all.noise = {probability, {0.001, 0.01}};
  return all;
}

}  // namespace

TEST_CASE("effects of probability 0 leave every bit of a sound, those of 1 change every sound") {
  const TemporaryDirectory directory;
  write_wav(directory / "hum.wav", tone(5000, 100.0), kRateHz);
  const auto backgrounds =
      std::make_shared<SoundStore>(sound_files_below(directory.path()).files, kRateHz, std::size_t{1} << 20);
  const AudioAugmentation never(everything(0.0, directory.path()), kRateHz, backgrounds);
  const AudioAugmentation always(everything(1.0, directory.path()), kRateHz, backgrounds);
  const std::vector<float> sound = tone(4000);
  for (std::uint64_t key = 0; key < 20; ++key) {
    std::vector<float> samples = sound;
    CHECK_FALSE(never.change_clip(samples, key));
    CHECK_FALSE(never.change_scene(samples, key));
    CHECK(samples == sound);
    CHECK(always.change_clip(samples, key));
    CHECK(always.change_scene(samples, key));
    CHECK(samples != sound);
    std::vector<float> again = sound;
    always.change_clip(again, key);
    always.change_scene(again, key);
    CHECK(again == samples);
  }
}

TEST_CASE("switching an effect off changes nothing in what the others draw") {
  AudioAugmentation::Settings both;
  both.shift.emplace();
  both.shift->probability = 1.0;
  both.speed.emplace();
  both.speed->most = 1.0;  // happens and changes nothing but a sample's delay
  AudioAugmentation::Settings one = both;
  one.speed.reset();
  std::vector<float> with(1000);
  with[10] = 1.0F;
  std::vector<float> without = with;
  AudioAugmentation(both, kRateHz, nullptr).change_clip(with, 5);
  AudioAugmentation(one, kRateHz, nullptr).change_clip(without, 5);
  const auto peak = [](const std::vector<float>& samples) {
    return std::ranges::max_element(samples) - samples.begin();
  };
  CHECK(peak(with) == peak(without) + 1);
}

TEST_CASE("an effect happens as often as its probability says, evenly over its range") {
  AudioAugmentation::Settings settings;
  settings.gain = {0.3, {-6.0, 6.0}};
  const AudioAugmentation augmentation(settings, kRateHz, nullptr);
  int changed = 0;
  double sum_db = 0.0;
  double lowest_db = 0.0;
  double highest_db = 0.0;
  for (std::uint64_t key = 0; key < 4000; ++key) {
    std::vector<float> samples{0.5F};
    if (!augmentation.change_scene(samples, key)) continue;
    ++changed;
    const double db = 20.0 * std::log10(static_cast<double>(samples[0]) / 0.5);
    sum_db += db;
    lowest_db = std::min(lowest_db, db);
    highest_db = std::max(highest_db, db);
  }
  CHECK(changed == Approx(1200).margin(4 * std::sqrt(4000 * 0.3 * 0.7)));
  CHECK(sum_db / changed == Approx(0.0).margin(4 * 12.0 / std::sqrt(12.0 * changed)));
  CHECK(lowest_db >= -6.0001);
  CHECK(lowest_db < -5.8);
  CHECK(highest_db <= 6.0001);
  CHECK(highest_db > 5.8);
}

TEST_CASE("a range of one value is that value: the source's noise of 0.005") {
  AudioAugmentation::Settings settings;
  settings.noise = {1.0, {0.005, 0.005}};
  const AudioAugmentation augmentation(settings, kRateHz, nullptr);
  std::vector<float> silence(100'001);  // an odd number: normals come in pairs
  augmentation.change_scene(silence, 1);
  CHECK(std::sqrt(mean_power(silence)) == Approx(0.005).epsilon(0.01));
  CHECK(std::accumulate(silence.begin(), silence.end(), 0.0) / 1e5 == Approx(0.0).margin(1e-4));
  const auto beyond = std::ranges::count_if(silence, [](float x) { return std::abs(x) > 0.00981998F; });
  CHECK(static_cast<double>(beyond) / 1e5 == Approx(0.0495).margin(0.003));  // normal: 1.964 deviations
  CHECK(silence.back() != 0.0F);
}

TEST_CASE("a shift is numpy's roll, either way round") {
  std::vector<float> samples{0, 1, 2, 3, 4};
  shift_round(samples, 2);
  CHECK(samples == std::vector<float>{3, 4, 0, 1, 2});
  shift_round(samples, -7);
  CHECK(samples == std::vector<float>{0, 1, 2, 3, 4});
  std::vector<float> none;
  shift_round(none, 3);
  CHECK(none.empty());
}

TEST_CASE("a cut beyond either end is silent there") {
  const std::vector<float> samples{1, 2, 3};
  CHECK(cut(samples, -2, 4) == std::vector<float>{0, 0, 1, 2});
  CHECK(cut(samples, 1, 4) == std::vector<float>{2, 3, 0, 0});
  CHECK(cut(samples, -1, 5) == std::vector<float>{0, 1, 2, 3, 0});
  CHECK(cut(samples, 7, 2) == std::vector<float>{0, 0});
  CHECK(cut(samples, -9, 2) == std::vector<float>{0, 0});
}

TEST_CASE("a crop has its length and may lie anywhere, half of it beyond the sound at most") {
  AudioAugmentation::Settings settings;
  settings.crop = {0.05, 0.0};  // 400 samples
  const AudioAugmentation augmentation(settings, kRateHz, nullptr);
  std::vector<float> ramp(1000);
  std::iota(ramp.begin(), ramp.end(), 1.0F);
  ramp.insert(ramp.begin(), 50, 0.0F);  // trimmed
  ramp.insert(ramp.end(), 70, 0.0F);
  std::set<std::size_t> silent_samples;
  float first = 1000.0F;
  float last = 0.0F;
  for (std::uint64_t key = 0; key < 3000; ++key) {
    std::vector<float> samples = ramp;
    CHECK(augmentation.change_clip(samples, key));
    REQUIRE(samples.size() == 400);
    silent_samples.insert(static_cast<std::size_t>(std::ranges::count(samples, 0.0F)));
    const auto sounding = without_quiet_edges(samples, 0.0);
    for (std::size_t i = 1; i < sounding.size(); ++i) REQUIRE(sounding[i] == sounding[i - 1] + 1.0F);
    first = std::min(first, sounding.front());
    last = std::max(last, sounding.back());
  }
  CHECK(first == 1.0F);
  CHECK(last == 1000.0F);
  CHECK(*silent_samples.begin() == 0);
  CHECK(*silent_samples.rbegin() == 200);
  std::vector<float> nothing(30);
  augmentation.change_clip(nothing, 1);
  CHECK(nothing == std::vector<float>(400));
}

TEST_CASE("speed changes length and pitch alike, evenly on a logarithmic scale") {
  AudioAugmentation::Settings settings;
  settings.speed = {1.0, 1.25};
  const AudioAugmentation augmentation(settings, kRateHz, nullptr);
  double sum = 0.0;
  for (std::uint64_t key = 0; key < 60; ++key) {
    std::vector<float> samples = tone(4000);
    augmentation.change_clip(samples, key);
    const double speed = 4000.0 / static_cast<double>(samples.size());
    CHECK(speed >= 0.79);
    CHECK(speed <= 1.26);
    CHECK(amplitude_at(samples, 440.0 * speed) == Approx(amplitude_at(tone(4000), 440.0)).epsilon(0.03));
    sum += std::log(speed) / std::log(1.25);
  }
  CHECK(sum / 60 == Approx(0.0).margin(4 * 2.0 / std::sqrt(12.0 * 60)));
}

TEST_CASE("a background is as loud as the ratio says and goes round if it is short") {
  const TemporaryDirectory directory;
  write_wav(directory / "hum.wav", tone(600, 100.0), kRateHz);
  std::filesystem::create_directories(directory / "deep");
  write_wav(directory / "deep" / "er.wav", tone(600, 100.0), kRateHz);
  directory.write("README.md", "where it was recorded");
  directory.write(".DS_Store", "");
  std::filesystem::create_symlink("nowhere", directory / "gone.wav");
  const auto files = sound_files_below(directory.path()).files;
  REQUIRE(files.size() == 2);
  AudioAugmentation::Settings settings;
  settings.background = {1.0, directory.path(), {10.0, 10.0}};
  const AudioAugmentation augmentation(settings, kRateHz,
                                       std::make_shared<SoundStore>(files, kRateHz, std::size_t{1} << 20));
  const std::vector<float> sound = tone(4000);
  std::vector<float> samples = sound;
  CHECK(augmentation.change_scene(samples, 3));
  REQUIRE(samples.size() == sound.size());
  std::vector<float> added(sound.size());
  for (std::size_t i = 0; i < added.size(); ++i) added[i] = samples[i] - sound[i];
  CHECK(10.0 * std::log10(mean_power(sound) / mean_power(added)) == Approx(10.0).margin(0.01));
  CHECK(mean_power(std::span(added).last(500)) > 0.5 * mean_power(added));
  std::vector<float> silence(100);
  CHECK_FALSE(augmentation.change_scene(silence, 3));

  const TemporaryDirectory empty;
  CHECK_THROWS_WITH(sound_files_below(empty.path()), Catch::Contains("found no sounds"));
  CHECK_THROWS_WITH(sound_files_below(empty / "absent"), Catch::Contains("absent"));
}

TEST_CASE("a sound is kept in 16 bits where that loses nothing, and beyond the bound it is decoded again") {
  StoredSound whole({0.5F, -1.0F, 1.0F / 32768.0F, 0.0F});
  CHECK(whole.bytes() == 8);
  const std::vector<float> odd{0.5F, 1.0F, 0.3F};
  StoredSound real(odd);
  CHECK(real.bytes() == 12);
  std::vector<float> out(2);
  real.copy(1, out);
  CHECK(out == std::vector<float>{1.0F, 0.3F});
  whole.copy(1, out);
  CHECK(out == std::vector<float>{-1.0F, 1.0F / 32768.0F});

  const TemporaryDirectory directory;
  write_wav(directory / "a.wav", tone(1000), kRateHz);
  write_wav(directory / "b.wav", tone(1000, 300.0), kRateHz);
  SoundStore store({directory / "a.wav", directory / "b.wav"}, kRateHz, 5000);
  CHECK(store.kept_bytes() == 0);
  const auto a = store.sound(0);
  CHECK(store.sound(0) == a);
  CHECK(store.kept_bytes() == a->bytes());
  CHECK(store.sound(1) != store.sound(1));
  CHECK(store.sound(1)->size() == 1000);
  CHECK(store.kept_bytes() == a->bytes());
}

TEST_CASE("settings out of range are refused by name") {
  AudioAugmentation::Settings settings;
  settings.noise = {1.5, {0.0, 0.0}};
  CHECK_THROWS_WITH(AudioAugmentation(settings, kRateHz, nullptr),
                    Catch::Contains("noise.probability: found 1.5"));
  settings.noise.reset();
  settings.speed = {1.0, 0.5};
  CHECK_THROWS_WITH(AudioAugmentation(settings, kRateHz, nullptr), Catch::Contains("speed.most"));
  settings.speed.reset();
  settings.background = {1.0, "x", {0.0, 0.0}};
  CHECK_THROWS_WITH(AudioAugmentation(settings, kRateHz, nullptr), Catch::Contains("background.folder"));
}

}  // namespace earshot::test
