// MeasuredStatistics: BatchNorm's running statistics, measured anew over training clips.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nn/training/Network.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

/// Of more clips, so many are measured. A forward pass is a quarter to a third of a step, so that measuring
/// takes a third of an epoch at most, and less than a fifth from 1800 clips on. A mean over so many errs by a 32nd of
/// a deviation where a layer has one value a clip, else by less; 1000 to 10 000 are what Wu and Johnson 2021
/// found enough (Rethinking "Batch" in BatchNorm, section 3).
inline constexpr std::size_t kMostMeasuredClips = 1024;

/// Network::measure_statistics() over `clips` as validation would see them: the statistics are for inference,
/// where nothing is augmented, mixed or masked, and should be of what is heard there. Batches are as large as
/// training's `batch` or a little smaller, all alike, and shuffled: one of a single class, or of a single
/// clip, would be normalised to something else. The same seed takes the same clips, so that epochs differ by
/// their weights alone. Throws what FeatureSet::image does.
void measure_statistics(Network& network, const FeatureSet& clips, std::uint64_t seed, std::size_t batch);

}  // namespace earshot
