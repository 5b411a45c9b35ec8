// GreyPicture: quantise, resize over frames, then over bands, each pass only if the size changes, as Pillow
// does.
#include "dsp/features/GreyPicture.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "dsp/base/FunctionClones.h"
#include "dsp/spectrum/Decibel.h"

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

EARSHOT_CLONES void divide(std::span<const std::uint8_t> grey, float divisor, std::span<float> out) noexcept {
  for (std::size_t i = 0; i < grey.size(); ++i) out[i] = static_cast<float>(grey[i]) / divisor;
}

/// The same for an `image` of bands x frames that another orientation or several channels are made of.
void divide(std::span<const std::uint8_t> image, const PictureLayout& layout, float divisor,
            std::span<float> out) noexcept {
  for (std::size_t band = 0; band < layout.bands; ++band) {
    for (std::size_t frame = 0; frame < layout.frames; ++frame) {
      std::fill_n(&out[layout.at(band, frame)], layout.channels,
                  static_cast<float>(image[band * layout.frames + frame]) / divisor);
    }
  }
}

std::size_t picture_frames(const FeatureRecipe& recipe) {
  return static_cast<std::size_t>(recipe.time_axis == TimeAxis::width ? recipe.image_width
                                                                      : recipe.image_height);
}

std::size_t picture_bands(const FeatureRecipe& recipe) {
  return static_cast<std::size_t>(recipe.time_axis == TimeAxis::width ? recipe.image_height
                                                                      : recipe.image_width);
}

}  // namespace

GreyPicture::GreyPicture(const FeatureRecipe& recipe, std::size_t frames)
    : frames_(frames),
      bands_(static_cast<std::size_t>(recipe.mel_bands)),
      cells_(recipe.cells),
      range_db_(recipe.level == LevelRule::relative_db ? static_cast<float>(recipe.range_db)
                                                       : std::numeric_limits<float>::infinity()),
      divisor_(static_cast<float>(recipe.grey_divisor)),
      over_frames_(frames, picture_frames(recipe)),
      over_bands_(bands_, picture_bands(recipe)),
      layout_(recipe, over_bands_.out(), over_frames_.out()),
      grey_(frames * bands_),
      columns_(over_frames_.out() * bands_),
      rows_(columns_.size()),
      image_(over_bands_.out() * over_frames_.out()) {}

void GreyPicture::paint(const MelSpectrogram& spectrogram, std::span<float> out) noexcept {
  assert(spectrogram.frames() == frames_ && out.size() == layout_.size());
  const GreyScale scale(spectrogram.lowest(), spectrogram.loudest(), range_db_);
  for (std::size_t frame = 0; frame < frames_; ++frame) {
    const std::span<std::uint8_t> grey = std::span(grey_).subspan(frame * bands_, bands_);
    if (cells_ == CellRule::wrapped) {
      levels_to_grey(spectrogram.frame(frame), scale, grey);
    } else {
      levels_to_min_max_grey(spectrogram.frame(frame), scale, grey);
    }
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
  if (layout_.frame_stride == 1) {
    divide(image, divisor_, out);
  } else {
    divide(image, layout_, divisor_, out);
  }
}

}  // namespace earshot
