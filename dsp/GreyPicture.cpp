// GreyPicture: quantise, resize over frames, then over bands, each pass only if the size changes, as Pillow
// does.
#include "dsp/GreyPicture.h"

#include <algorithm>
#include <cassert>

#include "dsp/Decibel.h"
#include "dsp/FunctionClones.h"

namespace earshot {
namespace {

constexpr std::size_t kTile = 16;

/// `source`, rows x columns -> `target`, columns x rows; in tiles, so that both sides stay in the cache.
EARSHOT_CLONES void transpose(std::span<const std::uint8_t> source, std::size_t rows, std::size_t columns,
                              std::span<std::uint8_t> target) noexcept {
  for (std::size_t row0 = 0; row0 < rows; row0 += kTile) {
    const std::size_t row1 = std::min(rows, row0 + kTile);
    for (std::size_t column0 = 0; column0 < columns; column0 += kTile) {
      const std::size_t column1 = std::min(columns, column0 + kTile);
      for (std::size_t column = column0; column < column1; ++column) {
        for (std::size_t row = row0; row < row1; ++row)
          target[column * rows + row] = source[row * columns + column];
      }
    }
  }
}

EARSHOT_CLONES void grey_to_unit(std::span<const std::uint8_t> grey, std::span<float> unit) noexcept {
  for (std::size_t i = 0; i < grey.size(); ++i) unit[i] = static_cast<float>(grey[i]) / 255.0f;
}

}  // namespace

GreyPicture::GreyPicture(const FeatureRecipe& recipe, std::size_t frames)
    : frames_(frames),
      bands_(static_cast<std::size_t>(recipe.mel_bands)),
      range_db_(static_cast<float>(recipe.range_db)),
      over_frames_(frames, static_cast<std::size_t>(recipe.image_width)),
      over_bands_(bands_, static_cast<std::size_t>(recipe.image_height)),
      grey_(frames * bands_),
      columns_(over_frames_.out() * bands_),
      rows_(columns_.size()),
      image_(over_bands_.out() * over_frames_.out()) {}

void GreyPicture::paint(const MelSpectrogram& spectrogram, std::span<float> out) noexcept {
  assert(spectrogram.frames() == frames_ && out.size() == image_.size());
  const GreyScale scale(spectrogram.lowest_db(), spectrogram.loudest_db(), range_db_);
  for (std::size_t frame = 0; frame < frames_; ++frame) {
    levels_to_grey(spectrogram.frame(frame), scale, std::span(grey_).subspan(frame * bands_, bands_));
  }
  std::span<const std::uint8_t> columns = grey_;
  if (over_frames_.out() != frames_) {
    over_frames_.apply(grey_, bands_, columns_);
    columns = columns_;
  }
  transpose(columns, over_frames_.out(), bands_, rows_);
  std::span<const std::uint8_t> image = rows_;
  if (over_bands_.out() != bands_) {
    over_bands_.apply(rows_, over_frames_.out(), image_);
    image = image_;
  }
  grey_to_unit(image, out);
}

}  // namespace earshot
