// LoudWindows: the windows of a clip that say what it is: half a window apart, and loud enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

/// What lies between two of a clip's windows: half a window in whole hops.
std::uint64_t step_samples(const FeatureRecipe& recipe);

/// Where the windows of a clip of so many samples begin, step_samples() apart. A clip that
/// is shorter than a window is one, filled up with silence.
std::vector<std::uint64_t> window_starts(std::uint64_t clip_samples, const FeatureRecipe& recipe);

/// What a window is below the loudest of its clip at the most, to say what the clip is.
inline constexpr double kUnderLoudestDb = 20.0;

/// Of windows at these levels those of at least -60 dBFS within `under_loudest_db` of the loudest.
std::vector<std::size_t> loud_windows(std::span<const double> levels_dbfs,
                                      double under_loudest_db = kUnderLoudestDb);

/// Where the loud windows of a clip begin; `samples` is filled up with silence to a window at least.
std::vector<std::uint64_t> loud_window_starts(std::vector<float>& samples, const FeatureRecipe& recipe,
                                              double under_loudest_db = kUnderLoudestDb);

}  // namespace earshot
