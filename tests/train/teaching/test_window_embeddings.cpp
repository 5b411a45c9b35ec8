// Which windows of a clip are embedded, and that embeddings are what the base's last layer is given.
#include <cmath>
#include <filesystem>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/audio/AudioFile.h"
#include "dsp/features/FeatureExtractor.h"
#include "nn/inference/Classifier.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"
#include "tests/train/AlarmModel.h"
#include "train/teaching/TeachingSet.h"
#include "train/teaching/WindowEmbeddings.h"

namespace earshot::test {
namespace {

const std::vector<double> kAsItIs{0.0};

}  // namespace

TEST_CASE("windows begin half a window apart as long as they fit, a short clip is one") {
  const FeatureRecipe recipe = recipe_named("yamnet");
  CHECK(step_samples(recipe) == 7680);
  CHECK(window_starts(0, recipe) == std::vector<std::uint64_t>{0});
  CHECK(window_starts(15'600 + 7'679, recipe) == std::vector<std::uint64_t>{0});
  CHECK(window_starts(15'600 + 2 * 7'680, recipe) == std::vector<std::uint64_t>{0, 7680, 15'360});
}

TEST_CASE("loud windows are at least -60 dBFS and within 20 dB of the loudest") {
  CHECK(loud_windows(std::vector<double>{-30.0, -49.9, -50.1, -10.0 - 20.1}) == std::vector<std::size_t>{0, 1, 3});
  CHECK(loud_windows(std::vector<double>{-59.0, -61.0}) == std::vector<std::size_t>{0});
  CHECK(loud_windows(std::vector<double>{-60.5, -80.0}).empty());
  CHECK(loud_windows({}).empty());
}

TEST_CASE("an embedding under the base's own rows gives the scores that the base gives of the window") {
  const TemporaryDirectory directory;
  const Base base(alarm_model());
  const std::vector<float> samples = mixed_sounds(1, 3.0);
  write_wav(directory / "a.wav", samples, kAlarmRateHz);
  const std::vector<std::filesystem::path> files{directory / "a.wav"};
  const WindowEmbeddings windows = embed_files(files, base, {.gains_db = kAsItIs}, {});
  REQUIRE(windows.windows.size() == window_starts(samples.size(), base.model.recipe).size());
  const std::vector<float> logits = head_logits(all_rows(base.model, base.head), windows.values);

  const Clip clip = load_clip(files[0], kAlarmRateHz);
  FeatureExtractor extractor(base.model.recipe);
  Classifier classifier(base.model, 1);
  std::vector<float> features(base.model.recipe.shape().size());
  std::vector<float> scores(base.model.labels.size());
  for (std::size_t i = 0; i < windows.windows.size(); ++i) {
    const auto start = static_cast<std::size_t>(windows.windows[i].start_sample);
    extractor.extract_window(std::span(clip.samples).subspan(start, 15'600), start, features);
    REQUIRE(classifier.classify(features, scores));
    for (std::size_t label = 0; label < scores.size(); ++label) {
      const double logit = static_cast<double>(logits[i * scores.size() + label]);
      CHECK(1.0 / (1.0 + std::exp(-logit)) == Approx(static_cast<double>(scores[label])).margin(1e-5));
    }
  }
}

TEST_CASE("kept embeddings are those computed, to the bit, by any number of threads; gains go by the clip as it is") {
  const TemporaryDirectory directory;
  const Base base(alarm_model());
  std::vector<std::filesystem::path> files;
  for (std::uint64_t i = 0; i < 3; ++i) {
    files.push_back(directory / (std::to_string(i) + ".wav"));
    std::vector<float> samples = mixed_sounds(i, 2.5);
    for (float& sample : samples) sample *= 0.01F;  // 30 dB down it is below -60 dBFS
    write_wav(files.back(), samples, kAlarmRateHz);
  }
  directory.write("3.wav", "no sound");
  files.push_back(directory / "3.wav");
  FeatureLoading loading;
  loading.threads = 1;
  const WindowEmbeddings fresh = embed_files(files, base, {}, loading);
  loading.threads = 3;
  loading.cache = directory / "cache";
  const WindowEmbeddings stored = embed_files(files, base, {}, loading);
  const WindowEmbeddings kept = embed_files(files, base, {}, loading);
  CHECK(stored.values == fresh.values);
  CHECK(kept.values == fresh.values);
  CHECK(stored.from_cache == 0);
  CHECK(kept.from_cache == 3);
  REQUIRE(kept.problems.size() == 1);
  CHECK(kept.problems[0].clip == 3);
  REQUIRE(kept.windows.size() == fresh.windows.size());
  std::vector<std::size_t> of_gain(kTaughtGainsDb.size());
  for (std::size_t i = 0; i < kept.windows.size(); ++i) {
    CHECK(kept.windows[i].start_sample == fresh.windows[i].start_sample);
    CHECK(kept.windows[i].clip == fresh.windows[i].clip);
    CHECK(kept.windows[i].gain == fresh.windows[i].gain);
    ++of_gain[static_cast<std::size_t>(kept.windows[i].gain)];
  }
  CHECK(of_gain[0] > 0);
  CHECK(of_gain == std::vector<std::size_t>(4, of_gain[0]));
  Model trunk = alarm_model();
  trunk.weights.at("conv/kernel").values[0] += 1.0F;
  CHECK(embed_files(files, Base(trunk), {}, loading).from_cache == 0);
}

}  // namespace earshot::test
