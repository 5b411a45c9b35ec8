#include "train/report/FeaturePicture.h"

#include <algorithm>
#include <cmath>

#include "dsp/features/PictureLayout.h"

namespace earshot {

FeaturePicture feature_picture(std::span<const float> features, const FeatureRecipe& recipe) {
  const FeatureShape shape = recipe.shape();
  const bool upright = recipe.time_axis == TimeAxis::width;
  const auto bands = static_cast<std::size_t>(upright ? shape.height : shape.width);
  const auto frames = static_cast<std::size_t>(upright ? shape.width : shape.height);
  const PictureLayout layout(recipe, bands, frames);
  float lowest = 0.0F;
  auto highest = static_cast<float>(255.0 / recipe.grey_divisor);
  if (recipe.cells == CellRule::real) {
    const auto [least, most] = std::ranges::minmax(features);
    lowest = least;
    highest = most > least ? most : least + 1.0F;
  }
  FeaturePicture picture{static_cast<int>(bands), static_cast<int>(frames),
                         std::vector<std::uint8_t>(bands * frames)};
  for (std::size_t band = 0; band < bands; ++band) {
    for (std::size_t frame = 0; frame < frames; ++frame) {
      const float share = (features[layout.at(band, frame)] - lowest) / (highest - lowest);
      picture.levels[(bands - 1 - band) * frames + frame] =
          static_cast<std::uint8_t>(std::lround(255.0F * std::clamp(share, 0.0F, 1.0F)));
    }
  }
  return picture;
}

}  // namespace earshot
