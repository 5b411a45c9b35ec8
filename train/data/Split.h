// Split: which clips train and which validate, as scikit-learn's train_test_split(test_size=0.2) divides
// them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace earshot {

/// Positions 0 .. n - 1, shuffled, each in exactly one of the two.
struct Split {
  std::vector<std::size_t> train;
  std::vector<std::size_t> test;
};

/// ceil(0.2 n) positions to test, the first ones of numpy's RandomState(seed).permutation(n); the others, in
/// its order, to train. Not stratified.
Split train_test_split(std::size_t n, std::uint32_t seed);

/// The same with `stratify = labels`: every class has its share in both parts. Throws Error(bad_data) where
/// scikit-learn refuses: a class with a single clip, or a part with fewer clips than there are classes.
Split stratified_split(std::span<const int> labels, std::uint32_t seed);

}  // namespace earshot
