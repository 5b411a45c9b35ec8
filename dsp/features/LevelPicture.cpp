// LevelPicture: frame by frame; the strides put each level where the network wants it.
#include "dsp/features/LevelPicture.h"

#include <algorithm>
#include <cassert>

#include "dsp/spectrum/Decibel.h"

namespace earshot {

LevelPicture::LevelPicture(const FeatureRecipe& recipe, std::size_t frames)
    : recipe_(recipe),
      layout_(recipe, static_cast<std::size_t>(recipe.mel_bands), frames),
      levels_(layout_.bands) {}

void LevelPicture::paint(const MelSpectrogram& spectrogram, std::span<float> out) noexcept {
  assert(spectrogram.frames() == frames() && out.size() == layout_.size());
  const bool relative = recipe_.level == LevelRule::relative_db;
  const float loudest = relative ? spectrogram.loudest() : 0.0f;
  const auto range_db = static_cast<float>(recipe_.range_db);
  const auto mean = static_cast<float>(recipe_.mean);
  const auto deviation = static_cast<float>(recipe_.deviation);
  for (std::size_t frame = 0; frame < layout_.frames; ++frame) {
    std::ranges::copy(spectrogram.frame(frame), levels_.begin());
    if (relative) {
      for (float& level : levels_) level = std::max(level - loudest, -range_db);
    }
    normalise_levels(levels_, mean, deviation);
    float* cell = &out[layout_.at(0, frame)];
    for (const float level : levels_) {
      std::fill_n(cell, layout_.channels, level);
      cell += layout_.band_stride;
    }
  }
}

}  // namespace earshot
