#include "train/data/Split.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

/// numpy's legacy random_interval: uniform in 0 .. most, by masking and rejecting.
std::size_t draw_up_to(std::mt19937& random, std::size_t most) {
  const std::size_t mask = std::bit_ceil(most + 1) - 1;
  std::size_t value = 0;
  do {
    value = random() & mask;
  } while (value > most);
  return value;
}

/// numpy's RandomState.permutation(n): a Fisher-Yates shuffle from the end.
std::vector<std::size_t> permutation(std::size_t n, std::mt19937& random) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = n; i-- > 1;) std::swap(order[i], order[draw_up_to(random, i)]);
  return order;
}

std::size_t test_size(std::size_t n) {
  return static_cast<std::size_t>(std::ceil(0.2 * static_cast<double>(n)));
}

std::size_t sum(const std::vector<std::size_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

/// scikit-learn's _approximate_mode: how many of `draws` fall to each class; where the shares leave a
/// remainder, to the largest, among equal ones by lot.
std::vector<std::size_t> share_out(const std::vector<std::size_t>& counts, std::size_t draws,
                                   std::mt19937& random) {
  const double total = static_cast<double>(sum(counts));
  std::vector<std::size_t> shares;
  std::map<double, std::vector<std::size_t>, std::greater<>> by_remainder;  // -> classes
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double share = static_cast<double>(counts[i]) / total * static_cast<double>(draws);
    shares.push_back(static_cast<std::size_t>(std::floor(share)));
    by_remainder[share - std::floor(share)].push_back(i);
  }
  std::size_t missing = draws - sum(shares);
  for (const auto& [remainder, classes] : by_remainder) {
    if (missing == 0) break;
    const std::size_t more = std::min(missing, classes.size());
    const std::vector<std::size_t> lot = permutation(classes.size(), random);
    for (std::size_t i = 0; i < more; ++i) ++shares[classes[lot[i]]];
    missing -= more;
  }
  return shares;
}

std::vector<std::size_t> shuffled(const std::vector<std::size_t>& values, std::mt19937& random) {
  std::vector<std::size_t> result;
  for (const std::size_t i : permutation(values.size(), random)) result.push_back(values[i]);
  return result;
}

}  // namespace

Split train_test_split(std::size_t n, std::uint32_t seed) {
  if (n < 2 || n > 0xFFFFFFFFU) {
    throw Error(ExitCode::bad_data, "found " + std::to_string(n) + " clips to split, expected 2 at least");
  }
  std::mt19937 random(seed);
  const std::vector<std::size_t> order = permutation(n, random);
  const auto first_train = order.begin() + static_cast<std::ptrdiff_t>(test_size(n));
  return {{first_train, order.end()}, {order.begin(), first_train}};
}

// StratifiedShuffleSplit._iter_indices of scikit-learn 1.9.
Split stratified_split(std::span<const int> labels, std::uint32_t seed) {
  std::map<int, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < labels.size(); ++i) members[labels[i]].push_back(i);
  const std::size_t tests = test_size(labels.size());
  const std::size_t trains = labels.size() - tests;
  std::vector<std::size_t> counts;
  for (const auto& [label, clips] : members) {
    if (clips.size() < 2) {
      throw Error(ExitCode::bad_data, "class " + std::to_string(label) +
                                          ": found 1 clip to split, expected 2 at least to stratify");
    }
    counts.push_back(clips.size());
  }
  if (counts.empty() || std::min(tests, trains) < counts.size()) {
    throw Error(ExitCode::bad_data, "found " + std::to_string(labels.size()) + " clips to split, of them " +
                                        std::to_string(tests) + " to validate, expected " +
                                        std::to_string(std::max<std::size_t>(counts.size(), 1)) +
                                        " at least, one for each class");
  }
  std::mt19937 random(seed);
  const std::vector<std::size_t> train_shares = share_out(counts, trains, random);
  std::vector<std::size_t> rest = counts;
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= train_shares[i];
  const std::vector<std::size_t> test_shares = share_out(rest, tests, random);
  Split split;
  std::size_t i = 0;
  for (const auto& [label, clips] : members) {
    const std::vector<std::size_t> order = permutation(clips.size(), random);
    for (std::size_t at = 0; at < train_shares[i] + test_shares[i]; ++at) {
      (at < train_shares[i] ? split.train : split.test).push_back(clips[order[at]]);
    }
    ++i;
  }
  split.train = shuffled(split.train, random);
  split.test = shuffled(split.test, random);
  return split;
}

}  // namespace earshot
