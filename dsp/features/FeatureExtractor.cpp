// FeatureExtractor: spectrogram, then picture; one pair for the live window, one for whole clips.
#include "dsp/features/FeatureExtractor.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <variant>
#include <vector>

#include "dsp/features/GreyPicture.h"
#include "dsp/features/LevelPicture.h"
#include "dsp/features/MelSpectrogram.h"

namespace earshot {

namespace {

using Picture = std::variant<GreyPicture, LevelPicture>;

Picture picture_of(const FeatureRecipe& recipe, std::size_t frames) {
  if (recipe.cells == CellRule::real) return LevelPicture(recipe, frames);
  return GreyPicture(recipe, frames);
}

std::size_t frames_of(const Picture& picture) {
  return std::visit([](const auto& any) { return any.frames(); }, picture);
}

void paint(Picture& picture, const MelSpectrogram& spectrogram, std::span<float> out) noexcept {
  std::visit([&](auto& any) { any.paint(spectrogram, out); }, picture);
}

}  // namespace

struct FeatureExtractor::Impl {
  explicit Impl(const FeatureRecipe& wanted)
      : recipe(wanted),
        window_spectrogram(recipe),
        clip_spectrogram(recipe),
        window_picture(picture_of(recipe, recipe.frames_of(recipe.window_samples))) {
    window_spectrogram.reserve(recipe.window_samples);
  }

  /// The clip at the window's length; valid until the next call.
  std::span<const float> fit(std::span<const float> clip) {
    const std::size_t length = recipe.window_samples;
    if (clip.size() >= length) return clip.first(length);
    fitted.assign(length, 0.0f);
    std::copy(clip.begin(), clip.end(), fitted.begin());
    if (recipe.clip == ClipFit::tile && !clip.empty()) {
      for (std::size_t i = clip.size(); i < length; ++i) fitted[i] = fitted[i - clip.size()];
    }
    return fitted;
  }

  FeatureRecipe recipe;
  MelSpectrogram window_spectrogram;
  MelSpectrogram clip_spectrogram;
  Picture window_picture;
  std::optional<Picture> clip_picture;  // of the last clip's number of frames
  std::vector<float> fitted;
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
  if (impl_->recipe.clip != ClipFit::whole) {
    samples = impl_->fit(samples);
  } else if (samples.empty()) {
    std::fill(out.begin(), out.end(), 0.0f);
    return;
  }
  MelSpectrogram& spectrogram = impl_->clip_spectrogram;
  spectrogram.reset();
  spectrogram.update(samples, 0);
  if (!impl_->clip_picture || frames_of(*impl_->clip_picture) != spectrogram.frames()) {
    impl_->clip_picture.emplace(picture_of(impl_->recipe, spectrogram.frames()));
  }
  paint(*impl_->clip_picture, spectrogram, out);
}

void FeatureExtractor::extract_window(std::span<const float> window, std::uint64_t start_sample,
                                      std::span<float> out) noexcept {
  assert(window.size() == impl_->recipe.window_samples && out.size() == impl_->recipe.shape().size());
  impl_->window_spectrogram.update(window, start_sample);
  paint(impl_->window_picture, impl_->window_spectrogram, out);
}

void FeatureExtractor::reset() noexcept {
  impl_->window_spectrogram.reset();
}

}  // namespace earshot
