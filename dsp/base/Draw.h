// Draw: distributions over the numbers of a KeyedRandom.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "dsp/base/KeyedRandom.h"

namespace earshot {

/// Lowest and highest of a uniform draw; one value if they are equal.
struct Range {
  double low = 0.0;
  double high = 0.0;
  bool operator==(const Range&) const = default;
};

inline double draw(KeyedRandom& random, Range range) noexcept {
  return random.uniform(range.low, range.high);
}

/// True with this probability: never at 0, always at 1.
inline bool draw_chance(KeyedRandom& random, double probability) noexcept {
  return random.uniform() < probability;
}

/// Fisher, Yates (Durstenfeld 1964).
template <class T>
void shuffle(std::span<T> items, KeyedRandom& random) noexcept {
  for (std::size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[random.below(static_cast<std::uint32_t>(i))]);
  }
}

/// 0 .. n - 1, shuffled.
inline std::vector<std::size_t> shuffled_indices(std::size_t n, KeyedRandom random) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(std::span(order), random);
  return order;
}

/// Two independent standard normal numbers (Box, Muller 1958).
inline std::pair<double, double> draw_normals(KeyedRandom& random) noexcept {
  const double radius = std::sqrt(-2.0 * std::log1p(-random.uniform()));
  const double angle = 2.0 * std::numbers::pi * random.uniform();
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

/// Gamma of scale 1 (Marsaglia, Tsang 2000; below shape 1 as they say, by a power of a uniform number).
inline double draw_gamma(KeyedRandom& random, double shape) noexcept {
  const double d = shape + (shape < 1.0 ? 1.0 : 0.0) - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  double gamma = 0.0;
  for (bool taken = false; !taken;) {
    const double x = draw_normals(random).first;
    const double v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x);
    const double u = 1.0 - random.uniform();
    taken = v > 0.0 && std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v);
    gamma = d * v;
  }
  return shape < 1.0 ? gamma * std::pow(1.0 - random.uniform(), 1.0 / shape) : gamma;
}

/// Beta(alpha, alpha); 1/2 where both its gammas are too small for a double.
inline double draw_beta(KeyedRandom& random, double alpha) noexcept {
  const double a = draw_gamma(random, alpha);
  const double b = draw_gamma(random, alpha);
  return a + b > 0.0 ? a / (a + b) : 0.5;
}

}  // namespace earshot
