// FeatureExtractor: spectrogram, then picture; one pair for the live window, one for whole clips.
#include "dsp/FeatureExtractor.h"

#include <algorithm>
#include <cassert>
#include <optional>

#include "dsp/GreyPicture.h"
#include "dsp/MelSpectrogram.h"

namespace earshot {

struct FeatureExtractor::Impl {
  explicit Impl(const FeatureRecipe& wanted)
      : recipe(wanted),
        window_spectrogram(recipe),
        clip_spectrogram(recipe),
        window_picture(recipe, window_spectrogram.frames_of(recipe.window_samples)) {
    window_spectrogram.reserve(recipe.window_samples);
  }

  FeatureRecipe recipe;
  MelSpectrogram window_spectrogram;
  MelSpectrogram clip_spectrogram;
  GreyPicture window_picture;
  std::optional<GreyPicture> clip_picture;  // of the last clip's number of frames
};

FeatureExtractor::FeatureExtractor(const FeatureRecipe& recipe) {
  validate(recipe);
  impl_ = std::make_unique<Impl>(recipe);
}

FeatureExtractor::~FeatureExtractor() = default;
FeatureExtractor::FeatureExtractor(FeatureExtractor&&) noexcept = default;
FeatureExtractor& FeatureExtractor::operator=(FeatureExtractor&&) noexcept = default;

const FeatureRecipe& FeatureExtractor::recipe() const noexcept {
  return impl_->recipe;
}

void FeatureExtractor::extract_clip(std::span<const float> samples, std::span<float> out) {
  assert(out.size() == impl_->recipe.shape().size());
  if (samples.empty()) {
    std::fill(out.begin(), out.end(), 0.0f);
    return;
  }
  MelSpectrogram& spectrogram = impl_->clip_spectrogram;
  spectrogram.reset();
  spectrogram.update(samples, 0);
  if (!impl_->clip_picture || impl_->clip_picture->frames() != spectrogram.frames()) {
    impl_->clip_picture.emplace(impl_->recipe, spectrogram.frames());
  }
  impl_->clip_picture->paint(spectrogram, out);
}

void FeatureExtractor::extract_window(std::span<const float> window, std::uint64_t start_sample,
                                      std::span<float> out) noexcept {
  assert(window.size() == impl_->recipe.window_samples && out.size() == impl_->recipe.shape().size());
  impl_->window_spectrogram.update(window, start_sample);
  impl_->window_picture.paint(impl_->window_spectrogram, out);
}

void FeatureExtractor::reset() noexcept {
  impl_->window_spectrogram.reset();
}

}  // namespace earshot
