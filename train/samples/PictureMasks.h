// PictureMasks: bands and moments that a network has to do without (SpecAugment).
#pragma once

#include <cstdint>
#include <span>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

struct PictureMasks {
  double probability = 1.0;
  int frequency_masks = 1;
  double frequency_share = 0.1875;  ///< of all bands: the most that one covers (AST: 24 of 128 bands)
  int time_masks = 1;
  double time_share = 0.1875;  ///< of all frames (AST: 96 of 512 frames)
};

/// Draws by `key`, each mask's size evenly over 0 .. the most, then its place evenly (Park 2019,
/// "SpecAugment", section 2), and fills it with the mean of `picture`, as it was before. `picture` is laid
/// out as the features of `recipe` are. Returns whether there were masks.
bool mask_picture(const PictureMasks& masks, std::uint64_t key, const FeatureRecipe& recipe,
                  std::span<float> picture) noexcept;

}  // namespace earshot
