#include "train/Split.h"

#include <bit>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "dsp/Error.h"

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

/// numpy.random.RandomState(seed).permutation(n): a Fisher-Yates shuffle from the end.
std::vector<std::size_t> permutation(std::size_t n, std::uint32_t seed) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937 random(seed);
  for (std::size_t i = n; i-- > 1;) std::swap(order[i], order[draw_up_to(random, i)]);
  return order;
}

}  // namespace

Split train_test_split(std::size_t n, std::uint32_t seed) {
  if (n < 2 || n > 0xFFFFFFFFU) {
    throw Error(ExitCode::bad_data, "found " + std::to_string(n) + " clips to split, expected 2 at least");
  }
  const std::vector<std::size_t> order = permutation(n, seed);
  const auto first_train =
      order.begin() + static_cast<std::ptrdiff_t>(std::ceil(0.2 * static_cast<double>(n)));
  return {{first_train, order.end()}, {order.begin(), first_train}};
}

}  // namespace earshot
