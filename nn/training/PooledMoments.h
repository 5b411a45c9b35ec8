// PooledMoments: mean and variance of values that come in parts, as if they had come at once.
#pragma once

namespace earshot {

/// The variance is the biased one, which BatchNorm works with (Keras).
struct PooledMoments {
  double weight = 0.0;  ///< of how many values, in any unit that is the same for all parts
  double mean = 0.0;
  double variance = 0.0;

  /// A part of some weight. By the parallel algorithm of Chan, Golub and LeVeque (1979).
  void add(const PooledMoments& part) noexcept {
    weight += part.weight;
    const double share = part.weight / weight;
    const double off = part.mean - mean;
    mean += share * off;
    variance += share * (part.variance - variance + (1.0 - share) * off * off);
  }
};

}  // namespace earshot
