// AlarmModel: a small network at YAMNet's rate that knows nothing, hears kinds of labels, and has events all the same.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "nn/inference/Classifier.h"
#include "nn/model/Model.h"
#include "nn/model/Weights.h"
#include "tests/support/SoundClasses.h"
#include "tests/support/WavFile.h"
#include "train/measuring/HeardRecording.h"

namespace earshot::test {

inline constexpr int kAlarmRateHz = 16'000;

/// Animal; Dog and Cat, which are kinds of it; Bark, a kind of Dog; Rain; Silence, which is ambience.
inline Model alarm_model() {
  Model model;
  model.name = "alarm";
  model.recipe = recipe_named("yamnet");
  model.labels = {"Animal", "Dog", "Bark", "Cat", "Rain", "Silence"};
  model.architecture = {.name = "small",
                        .input = model.recipe.shape(),
                        .layers = {{"conv", Conv2d{.filters = 8, .stride = 4}},
                                   {"pool", GlobalAveragePool2d{}},
                                   {"dense", Dense{.units = 6}}},
                        .scores = Scores::sigmoid};
  model.weights = initial_weights(model.architecture, 5);
  model.meanings.thresholds.assign(6, 0.0F);
  model.meanings.ambience = {5};
  model.meanings.parents = {{1, 0}, {2, 1}, {3, 0}};
  return model;
}

/// Sounds of all classes, three seconds each.
inline std::vector<float> mixed_sounds(std::uint64_t key, double seconds) {
  std::vector<float> samples;
  const auto length = static_cast<std::size_t>(seconds * kAlarmRateHz);
  for (std::uint64_t i = 0; samples.size() < length; ++i) {
    const std::vector<float> next =
        sound_of_class(static_cast<int>((key + 3 * i) % kSoundClasses.size()), key + i, kAlarmRateHz, 3.0);
    samples.insert(samples.end(), next.begin(), next.end());
  }
  samples.resize(length);
  return samples;
}

/// The model with thresholds that a third of the windows of `file` reach, each label by itself.
inline Model tuned_to(Model model, const std::filesystem::path& file) {
  RecordingHearer hearer(model, prepare_network(model));  // its thresholds are 0: all scores are kept
  const HeardRecording heard = hearer.hear(file, [] { return false; });
  for (std::size_t label = 0; label < model.labels.size(); ++label) {
    std::vector<float> scores;
    for (const HeardRecording::Score& score : heard.scores) {
      if (score.label == label) scores.push_back(score.score);
    }
    std::ranges::sort(scores);
    model.meanings.thresholds[label] = scores.at(2 * scores.size() / 3);
  }
  return model;
}

}  // namespace earshot::test
