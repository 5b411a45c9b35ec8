// hot_window_s: how long a window takes where nothing else goes on: the limit that a daemon is compared with.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "dsp/features/FeatureExtractor.h"
#include "nn/inference/Classifier.h"
#include "tests/bench/Measuring.h"

namespace earshot::bench {

/// Features and scores on one thread, the median of a hundred windows that step by `hop_s`.
inline double hot_window_s(const Model& model, double hop_s) {
  using Clock = std::chrono::steady_clock;
  FeatureExtractor extractor(model.recipe);
  Classifier classifier(model, 1);
  const auto hop = static_cast<std::uint64_t>(hop_s * model.recipe.rate_hz);
  std::vector<float> samples(model.recipe.window_samples + 100 * hop);
  KeyedRandom random(5);
  for (float& sample : samples) sample = static_cast<float>(random.uniform(-0.1, 0.1));
  std::vector<float> features(model.recipe.shape().size());
  std::vector<float> scores(model.labels.size());
  std::vector<double> times;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto begin = Clock::now();
    extractor.extract_window(std::span(samples).subspan(i * hop, model.recipe.window_samples), i * hop, features);
    if (!classifier.classify(features, scores)) std::abort();
    times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return percentile(times, 0.5);
}

}  // namespace earshot::bench
