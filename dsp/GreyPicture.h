// GreyPicture: a spectrogram as an 8-bit picture, resized and scaled to 0 .. 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dsp/FeatureRecipe.h"
#include "dsp/LanczosResize.h"
#include "dsp/MelSpectrogram.h"

namespace earshot {

/// Paints pictures of one number of frames. Not thread safe.
class GreyPicture {
 public:
  /// `recipe` is valid.
  GreyPicture(const FeatureRecipe& recipe, std::size_t frames);

  std::size_t frames() const noexcept { return frames_; }

  /// real-time: `spectrogram` of frames() frames -> `out`, image_height x image_width, 0 .. 1, lowest band
  /// first.
  void paint(const MelSpectrogram& spectrogram, std::span<float> out) noexcept;

  /// The last picture as it was before the resize, frames() x mel_bands.
  std::span<const std::uint8_t> unresized() const noexcept { return grey_; }

 private:
  std::size_t frames_;
  std::size_t bands_;
  float range_db_;
  LanczosResize over_frames_;
  LanczosResize over_bands_;
  std::vector<std::uint8_t> grey_;     // frames x bands
  std::vector<std::uint8_t> columns_;  // image_width x bands
  std::vector<std::uint8_t> rows_;     // bands x image_width
  std::vector<std::uint8_t> image_;    // image_height x image_width
};

}  // namespace earshot
