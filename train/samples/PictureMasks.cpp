#include "train/samples/PictureMasks.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "dsp/base/Draw.h"
#include "dsp/features/PictureLayout.h"

namespace earshot {
namespace {

struct MaskedPart {
  std::size_t first = 0;
  std::size_t size = 0;
};

MaskedPart draw_part(KeyedRandom& random, double share, std::size_t whole) noexcept {
  const auto most = static_cast<std::uint32_t>(std::floor(share * static_cast<double>(whole)));
  const std::uint32_t size = random.below(most + 1);
  return {random.below(static_cast<std::uint32_t>(whole) - size + 1), size};
}

void fill(const PictureLayout& layout, MaskedPart bands, MaskedPart frames, float value,
          std::span<float> picture) noexcept {
  for (std::size_t band = bands.first; band < bands.first + bands.size; ++band) {
    for (std::size_t frame = frames.first; frame < frames.first + frames.size; ++frame) {
      std::ranges::fill(picture.subspan(layout.at(band, frame), layout.channels), value);
    }
  }
}

}  // namespace

bool mask_picture(const PictureMasks& masks, std::uint64_t key, const FeatureRecipe& recipe,
                  std::span<float> picture) noexcept {
  const FeatureShape shape = recipe.shape();
  assert(picture.size() == shape.size());
  KeyedRandom random(key);
  if (!draw_chance(random, masks.probability)) return false;
  const double sum = std::accumulate(picture.begin(), picture.end(), 0.0);
  const auto mean = static_cast<float>(sum / static_cast<double>(picture.size()));
  const bool upright = recipe.time_axis == TimeAxis::width;
  const PictureLayout layout(recipe, static_cast<std::size_t>(upright ? shape.height : shape.width),
                             static_cast<std::size_t>(upright ? shape.width : shape.height));
  for (int i = 0; i < masks.frequency_masks; ++i) {
    const MaskedPart bands = draw_part(random, masks.frequency_share, layout.bands);
    fill(layout, bands, {0, layout.frames}, mean, picture);
  }
  for (int i = 0; i < masks.time_masks; ++i) {
    const MaskedPart frames = draw_part(random, masks.time_share, layout.frames);
    fill(layout, {0, layout.bands}, frames, mean, picture);
  }
  return masks.frequency_masks > 0 || masks.time_masks > 0;
}

}  // namespace earshot
