// KeptWindows: how the features of a clip's loud windows lie in one entry of the cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dsp/features/FeatureRecipe.h"
#include "train/samples/LoudWindows.h"

namespace earshot {

/// The number of them, in steps where each begins, then the features of each. `kept` outlives it.
struct KeptWindows {
  KeptWindows(std::span<const float> kept, const FeatureRecipe& recipe) : size(recipe.shape().size()) {
    const auto count = static_cast<std::size_t>(kept.empty() ? 0.0F : kept[0]);
    for (std::size_t i = 0; i < count; ++i)
      starts.push_back(static_cast<std::uint64_t>(kept[1 + i]) * step_samples(recipe));
    values = kept.subspan(std::min(kept.size(), 1 + count));
  }

  /// Not of an entry of which just the places are held.
  std::span<const float> features(std::size_t i) const { return values.subspan(i * size, size); }

  std::size_t size;  ///< of a window's features
  std::vector<std::uint64_t> starts;
  std::span<const float> values;
};

}  // namespace earshot
