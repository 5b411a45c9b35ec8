// LevelPicture: a spectrogram's levels as they are, normalised by a mean and a deviation.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "dsp/features/FeatureRecipe.h"
#include "dsp/features/MelSpectrogram.h"
#include "dsp/features/PictureLayout.h"

namespace earshot {

/// What recipes of real cells make of a window. Not thread safe.
class LevelPicture {
 public:
  /// `recipe` is valid and has real cells.
  LevelPicture(const FeatureRecipe& recipe, std::size_t frames);

  std::size_t frames() const noexcept { return layout_.frames; }

  /// real-time: `spectrogram` of frames() frames -> `out`, mel_bands and frames() along the recipe's axes,
  /// times its channels.
  void paint(const MelSpectrogram& spectrogram, std::span<float> out) noexcept;

 private:
  FeatureRecipe recipe_;
  PictureLayout layout_;
  std::vector<float> levels_;  // of one frame, mel_bands
};

}  // namespace earshot
