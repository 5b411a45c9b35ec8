// FeaturePicture: features as a picture for people.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

struct FeaturePicture {
  int height = 0;                    ///< bands, the lowest at the bottom
  int width = 0;                     ///< frames
  std::vector<std::uint8_t> levels;  ///< height x width, the top row first
};

/// The first channel of `features`, as the recipe orients them. Grey cells are as they are; real cells are
/// stretched from the least to the most.
FeaturePicture feature_picture(std::span<const float> features, const FeatureRecipe& recipe);

}  // namespace earshot
