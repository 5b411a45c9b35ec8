// Recordings that were never made: scores drawn at random, as a model might have heard them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dsp/base/Draw.h"
#include "nn/inference/HeardLabels.h"
#include "tests/nn/events/EventRig.h"
#include "train/measuring/HeardRecording.h"

namespace earshot::test {

/// What a detector would be told live, and what is kept of it.
struct DrawnRecording {
  std::vector<std::vector<float>> scores;  ///< of each window, one a label
  HeardRecording kept;
};

/// `windows` of a second every half at 1000 samples a second; scores that wander, now and then a gap or a gated window.
inline DrawnRecording drawn_recording(KeyedRandom& random, const Model& model, int windows) {
  const std::vector<float> thresholds = heard_thresholds(model);
  DrawnRecording drawn;
  std::vector<float> scores(model.labels.size(), 0.3F);
  std::uint64_t start = 0;
  std::uint64_t heard_until = 0;
  for (int i = 0; i < windows; ++i) {
    for (float& score : scores) {
      score = std::clamp(score + static_cast<float>(random.uniform(-0.25, 0.25)), 0.0F, 0.98F);
    }
    HeardRecording::Window& window = drawn.kept.windows.emplace_back();
    window.start_sample = start;
    window.end_sample = start + 1000;
    window.onset_samples = random.below(900);
    window.gated = draw_chance(random, 0.05);
    drawn.kept.heard_samples += window.end_sample - std::max(start, heard_until);
    heard_until = window.end_sample;
    for (std::size_t label = 0; label < scores.size() && !window.gated; ++label) {
      if (scores[label] < thresholds[label]) continue;
      drawn.kept.scores.push_back({static_cast<std::uint32_t>(label), scores[label]});
    }
    window.scores_end = drawn.kept.scores.size();
    drawn.scores.push_back(scores);
    start += draw_chance(random, 0.02) ? 1000 + random.below(5000) : 500;
  }
  return drawn;
}

inline std::vector<HeardRecording> drawn_recordings(std::uint64_t key, const Model& model, int count, int windows) {
  KeyedRandom random(key);
  std::vector<HeardRecording> recordings;
  for (int i = 0; i < count; ++i) recordings.push_back(drawn_recording(random, model, windows).kept);
  return recordings;
}

}  // namespace earshot::test
