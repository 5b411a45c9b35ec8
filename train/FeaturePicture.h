// FeaturePicture: features as a picture for people.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dsp/FeatureRecipe.h"

namespace earshot {

/// The first channel of `features` (`shape`) as levels, height x width, the lowest band at the bottom. Values
/// within 0 .. 1 are taken as they are; others are stretched from the least to the most.
std::vector<std::uint8_t> feature_picture(std::span<const float> features, const FeatureShape& shape);

}  // namespace earshot
