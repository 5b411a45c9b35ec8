#include "train/FeaturePicture.h"

#include <algorithm>
#include <cmath>

namespace earshot {

std::vector<std::uint8_t> feature_picture(std::span<const float> features, const FeatureShape& shape) {
  const auto width = static_cast<std::size_t>(shape.width);
  const auto height = static_cast<std::size_t>(shape.height);
  const auto channels = static_cast<std::size_t>(shape.channels);
  const auto [least, most] = std::ranges::minmax(features);
  const bool as_they_are = least >= 0.0F && most <= 1.0F;
  const float low = as_they_are ? 0.0F : least;
  const float range = as_they_are ? 1.0F : most - least;
  std::vector<std::uint8_t> levels(height * width);
  for (std::size_t row = 0; row < height; ++row) {
    for (std::size_t column = 0; column < width; ++column) {
      const float value = features[((height - 1 - row) * width + column) * channels];
      const float share = range > 0.0F ? std::clamp((value - low) / range, 0.0F, 1.0F) : 0.0F;
      levels[row * width + column] = static_cast<std::uint8_t>(std::lround(255.0F * share));
    }
  }
  return levels;
}

}  // namespace earshot
