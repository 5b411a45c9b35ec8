// RecordingHearer: recordings as the live path hears them, window by window.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/Error.h"
#include "dsp/features/FeatureExtractor.h"
#include "tests/dsp/audio/SoundBytes.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/train/AlarmModel.h"

namespace earshot::test {
namespace {

constexpr std::uint64_t kPatch = 15'600;  // YAMNet's window
constexpr std::uint64_t kStep = 8'000;    // 0.5 s are 50 of its hops

HeardRecording hear_file(const std::filesystem::path& file) {
  static const Model model = alarm_model();
  static RecordingHearer hearer(model, prepare_network(model));  // one for all: nothing of a file is left for the next
  return hearer.hear(file, [] { return false; });
}

std::filesystem::path write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

}  // namespace

TEST_CASE("each window has the scores that the classifier gives of it alone") {
  const TemporaryDirectory directory;
  const std::vector<float> sound = mixed_sounds(1, 9.3);
  write_wav(directory / "a.wav", sound, kAlarmRateHz);
  const HeardRecording heard = hear_file(directory / "a.wav");
  REQUIRE(heard.windows.size() == (sound.size() - kPatch) / kStep + 1);
  CHECK(heard.heard_samples == (heard.windows.size() - 1) * kStep + kPatch);
  CHECK_FALSE(heard.padded);
  const Model model = alarm_model();
  FeatureExtractor extractor(model.recipe);
  Classifier classifier(model, 1);
  std::vector<float> features(model.recipe.shape().size());
  std::vector<float> scores(model.labels.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < heard.windows.size(); ++i) {
    const HeardRecording::Window& window = heard.windows[i];
    CHECK(window.start_sample == i * kStep);
    CHECK(window.end_sample == i * kStep + kPatch);
    REQUIRE_FALSE(window.gated);
    extractor.reset();
    extractor.extract_window(std::span(sound).subspan(i * kStep, kPatch), 0, features);
    REQUIRE(classifier.classify(features, scores));
    REQUIRE(window.scores_end == next + scores.size());  // its thresholds are 0: all are kept
    for (std::size_t label = 0; label < scores.size(); ++label, ++next) {
      CHECK(heard.scores[next].label == label);
      CHECK(heard.scores[next].score == scores[label]);
    }
  }
}

TEST_CASE("only scores at the thresholds are kept, and none of a window that is gated") {
  const TemporaryDirectory directory;
  std::vector<float> sound = mixed_sounds(2, 12.0);
  std::fill(sound.begin() + 4 * kAlarmRateHz, sound.begin() + 8 * kAlarmRateHz, 1e-4F);
  write_wav(directory / "a.wav", sound, kAlarmRateHz);
  const Model model = tuned_to(alarm_model(), directory / "a.wav");
  RecordingHearer hearer(model, prepare_network(model));
  const HeardRecording heard = hearer.hear(directory / "a.wav", [] { return false; });
  std::size_t gated = 0;
  std::size_t first = 0;
  for (const HeardRecording::Window& window : heard.windows) {
    if (window.gated) CHECK(window.scores_end == first);
    gated += window.gated ? 1 : 0;
    first = window.scores_end;
  }
  CHECK(gated == 7);  // from 4.0, 4.5, ... 7.0 on
  CHECK(first == heard.scores.size());
  CHECK(heard.scores.size() > 6);
  CHECK(heard.scores.size() < 6 * (heard.windows.size() - gated));
  for (const HeardRecording::Score& score : heard.scores) CHECK(score.score >= model.meanings.thresholds[score.label]);
}

TEST_CASE("a recording shorter than a window is filled up with silence, and counts as long as it is") {
  const TemporaryDirectory directory;
  write_wav(directory / "a.wav", mixed_sounds(3, 0.5), kAlarmRateHz);
  const HeardRecording heard = hear_file(directory / "a.wav");
  REQUIRE(heard.windows.size() == 1);
  CHECK(heard.padded);
  CHECK(heard.heard_samples == kAlarmRateHz / 2);
  CHECK(heard.windows[0].end_sample == kAlarmRateHz / 2);
}

TEST_CASE("no window spans what a file has lost, and what lies behind it keeps its position") {
  const TemporaryDirectory directory;
  const std::string whole = encoded(mixed_sounds(4, 20.0), kFlac, kAlarmRateHz);
  std::string broken = whole;
  broken.erase(whole.size() / 2, whole.size() / 10);
  const HeardRecording all = hear_file(write_bytes(directory / "whole.flac", whole));
  const HeardRecording heard = hear_file(write_bytes(directory / "broken.flac", broken));
  CHECK(all.damages.empty());
  REQUIRE(heard.damages.size() == 1);
  AudioFile file(directory / "broken.flac");
  std::vector<float> rest(1 << 20);
  const std::size_t before = file.read_mono(rest);
  const std::uint64_t hole = before;
  const std::uint64_t behind = hole + file.next_damage()->samples.value();
  std::size_t behind_it = 0;
  for (const HeardRecording::Window& window : heard.windows) {
    CHECK((window.end_sample <= hole || window.start_sample >= behind));
    if (window.start_sample >= behind) CHECK((window.start_sample - behind) % kStep == 0);
    behind_it += window.start_sample >= behind ? 1 : 0;
  }
  CHECK(behind_it > 10);
  CHECK(heard.windows.back().end_sample > 19 * kAlarmRateHz);
  CHECK(heard.heard_samples < all.heard_samples);
}

TEST_CASE("at another rate windows lie at the same seconds") {
  const TemporaryDirectory directory;
  write_wav(directory / "a.wav", mixed_sounds(5, 6.0), 8'000);  // played at half the speed
  const HeardRecording heard = hear_file(directory / "a.wav");
  CHECK(heard.windows.size() == (2 * 6 * kAlarmRateHz - kPatch) / kStep + 1);
  CHECK(heard.windows.back().start_sample == (heard.windows.size() - 1) * kStep);
}

TEST_CASE("what is no sound is refused, and what is stopped ends early") {
  const TemporaryDirectory directory;
  CHECK_THROWS_AS(hear_file(write_bytes(directory / "a.wav", "no sound at all")), Error);
  CHECK_THROWS_AS(hear_file(directory / "nothing.wav"), Error);
  CHECK_THROWS_AS(hear_file("/dev/zero"), Error);
  write_wav(directory / "b.wav", mixed_sounds(6, 6.0), kAlarmRateHz);
  const Model model = alarm_model();
  RecordingHearer hearer(model, prepare_network(model));
  int asked = 0;
  CHECK(hearer.hear(directory / "b.wav", [&] { return ++asked > 5; }).windows.size() < 4);
  CHECK(hear_file(directory / "b.wav").windows.size() > 8);
}

}  // namespace earshot::test
