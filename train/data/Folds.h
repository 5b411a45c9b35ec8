// Folds: clips dealt out so that every part has its share of every class, and no recording is parted.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/data/DataSet.h"
#include "train/data/Split.h"

namespace earshot {

/// The fold, 1 .. `folds`, of each clip of the data set; 0 for those of the test list. All clips of a
/// recording (LabelledClip::group) go to one fold. Recordings are dealt out, the largest first and equal ones
/// in an order drawn by `seed`, each to the fold that lacks its classes most; background counts as a class
/// here. Where every clip stands alone, the folds differ by at most one clip of any class. The same seed and
/// clips give the same folds on every machine. Throws Error(bad_data) unless there are `folds` recordings at
/// least, and two folds.
std::vector<int> assign_folds(const DataSet& data, int folds, std::uint32_t seed);

/// A fifth of `pool` (indices into data.clips) for validation, as assign_folds would deal five folds; both
/// parts in the pool's order. Of the five it is the one that validates most classes and leaves each class
/// something to train on; a class that is one recording trains. Throws Error(bad_data) for fewer than two
/// recordings.
Split grouped_split(const DataSet& data, std::span<const std::size_t> pool, std::uint32_t seed);

}  // namespace earshot
