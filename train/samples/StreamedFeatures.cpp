#include "train/samples/StreamedFeatures.h"

#include <algorithm>
#include <utility>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/ReadFile.h"
#include "dsp/features/FeatureExtractor.h"
#include "train/data/SoundFiles.h"
#include "train/samples/FeatureCache.h"
#include "train/samples/KeptWindows.h"

namespace earshot {

StreamedFeatures::StreamedFeatures(const FeatureRecipe& recipe, std::shared_ptr<const FeatureCache> cache)
    : recipe_(recipe), cache_(std::move(cache)) {}

void StreamedFeatures::read(std::size_t i, std::span<float> features) const {
  const Clip& clip = clips_.at(i);
  if (clip.start) return read_window(clip, features);
  if (cache_ && cache_->load(clip.sha256, features)) return;
  expect_file(clip.file);
  FeatureExtractor(recipe_).extract_clip(load_clip(clip.file, recipe_.rate_hz).samples, features);
}

void StreamedFeatures::read_window(const Clip& clip, std::span<float> features) const {
  if (std::vector<float> kept; cache_ && cache_->load(clip.sha256, kept)) {
    const KeptWindows windows(kept, recipe_);
    const auto at = std::ranges::find(windows.starts, *clip.start);
    if (at != windows.starts.end()) {
      std::ranges::copy(windows.features(static_cast<std::size_t>(at - windows.starts.begin())),
                        features.begin());
      return;
    }
  }
  expect_file(clip.file);
  std::vector<float> samples = load_clip(clip.file, recipe_.rate_hz).samples;
  const auto start = static_cast<std::size_t>(*clip.start);
  const auto window = static_cast<std::size_t>(recipe_.window_samples);
  samples.resize(std::max(samples.size(), start + window), 0.0F);
  FeatureExtractor(recipe_).extract_window(std::span(samples).subspan(start, window), *clip.start, features);
}

}  // namespace earshot
