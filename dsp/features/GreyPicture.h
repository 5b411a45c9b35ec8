// GreyPicture: a spectrogram as an 8-bit picture, resized and scaled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dsp/features/FeatureRecipe.h"
#include "dsp/features/LanczosResize.h"
#include "dsp/features/MelSpectrogram.h"
#include "dsp/features/PictureLayout.h"

namespace earshot {

/// Paints pictures of one number of frames. Not thread safe.
class GreyPicture {
 public:
  /// `recipe` is valid and has 8-bit cells.
  GreyPicture(const FeatureRecipe& recipe, std::size_t frames);

  std::size_t frames() const noexcept { return frames_; }

  /// real-time: `spectrogram` of frames() frames -> `out`, recipe.shape(), 0 .. 255 over
  /// grey_divisor.
  void paint(const MelSpectrogram& spectrogram, std::span<float> out) noexcept;

  /// The last picture as it was before the resize, frames() x mel_bands.
  std::span<const std::uint8_t> unresized() const noexcept { return grey_; }

 private:
  std::size_t frames_;
  std::size_t bands_;
  CellRule cells_;
  float range_db_;  // infinite where only the cells themselves bound it
  float divisor_;
  LanczosResize over_frames_;
  LanczosResize over_bands_;
  PictureLayout layout_;
  std::vector<std::uint8_t> grey_;     // frames x bands
  std::vector<std::uint8_t> columns_;  // frames of the picture x bands
  std::vector<std::uint8_t> rows_;     // bands x frames of the picture
  std::vector<std::uint8_t> image_;    // bands of the picture x its frames
};

}  // namespace earshot
