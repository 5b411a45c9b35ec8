// PictureLayout: where a cell of a band and a frame lies in the feature tensor.
#pragma once

#include <cstddef>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

/// Of `bands` x `frames` cells, in the recipe's orientation, each repeated over its channels.
struct PictureLayout {
  std::size_t bands;
  std::size_t frames;
  std::size_t channels;
  std::size_t band_stride;
  std::size_t frame_stride;

  PictureLayout(const FeatureRecipe& recipe, std::size_t band_count, std::size_t frame_count) noexcept
      : bands(band_count),
        frames(frame_count),
        channels(static_cast<std::size_t>(recipe.channels)),
        band_stride(recipe.time_axis == TimeAxis::width ? frame_count * channels : channels),
        frame_stride(recipe.time_axis == TimeAxis::width ? channels : band_count * channels) {}

  std::size_t size() const noexcept { return bands * frames * channels; }
  std::size_t at(std::size_t band, std::size_t frame) const noexcept {
    return band * band_stride + frame * frame_stride;
  }
};

}  // namespace earshot
