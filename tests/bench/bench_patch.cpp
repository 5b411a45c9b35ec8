// bench_patch: what a model computes for each window of live sound, so many times and nothing else. What it
// takes is for others to measure: tests/bench/instructions counts for two processors, a stopwatch sees two
// builds of one.
//
//   bench_patch MODEL resampling|features|network|all WINDOWS
//
// A window every 0.48 s of 44.1 kHz. Two runs' difference is what so many more windows take.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "dsp/audio/Resampler.h"
#include "dsp/base/KeyedRandom.h"
#include "dsp/features/FeatureExtractor.h"
#include "nn/inference/Classifier.h"

int main(int argc, char** argv) {
  using namespace earshot;
  const std::string_view part = argc == 4 ? argv[2] : "";
  const bool all = part == "all";
  const bool resamples = all || part == "resampling";
  const bool extracts = all || part == "features";
  const bool classifies = all || part == "network";
  const int windows = argc == 4 ? std::atoi(argv[3]) : 0;
  if (windows < 1 || !(resamples || extracts || classifies)) {
    std::fputs("usage: bench_patch MODEL resampling|features|network|all WINDOWS\n", stderr);
    return 64;
  }
  constexpr int kDeviceHz = 44100;
  constexpr std::size_t kChunk = 441;  // as a microphone brings them
  constexpr std::size_t kHopChunks = 48;

  const Model model = load_model(argv[1]);
  Resampler resampler(kDeviceHz, model.recipe.rate_hz);
  FeatureExtractor extractor(model.recipe);
  Classifier classifier(model, 1);
  const std::size_t hop = static_cast<std::size_t>(model.recipe.rate_hz) * kHopChunks * kChunk / kDeviceHz;

  KeyedRandom random(5);
  std::vector<float> heard(kChunk * kHopChunks);
  for (float& sample : heard) sample = static_cast<float>(random.uniform(-0.1, 0.1));
  std::vector<float> samples(model.recipe.window_samples);
  for (float& sample : samples) sample = static_cast<float>(random.uniform(-0.1, 0.1));
  std::vector<float> features(model.recipe.shape().size());
  std::vector<float> scores(model.labels.size());
  extractor.extract_window(samples, 0, features);
  for (int i = 0; i < windows; ++i) {
    if (resamples) {
      for (std::size_t chunk = 0; chunk < kHopChunks; ++chunk)
        resampler.process(std::span(heard).subspan(chunk * kChunk, kChunk));
    }
    if (extracts) extractor.extract_window(samples, static_cast<std::uint64_t>(i + 1) * hop, features);
    if (classifies && !classifier.classify(features, scores)) std::abort();
  }
}
