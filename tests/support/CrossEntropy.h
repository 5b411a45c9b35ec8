// CrossEntropy: the loss that tests train networks by, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace earshot::test {

/// Mean over `batch` samples of the cross-entropy of class i for sample i. `logits` and its gradient ->
/// `gradients`, batch x classes.
inline double cross_entropy(std::span<const float> logits, std::size_t batch, std::span<float> gradients) {
  const std::size_t classes = logits.size() / batch;
  const auto samples = static_cast<double>(batch);
  double loss = 0.0;
  for (std::size_t i = 0; i < batch; ++i) {
    const std::span<const float> row = logits.subspan(i * classes, classes);
    const double highest = *std::max_element(row.begin(), row.end());
    double sum = 0.0;
    for (const float logit : row) sum += std::exp(static_cast<double>(logit) - highest);
    loss += (std::log(sum) + highest - static_cast<double>(row[i])) / samples;
    for (std::size_t c = 0; c < classes; ++c) {
      const double score = std::exp(static_cast<double>(row[c]) - highest) / sum;
      gradients[i * classes + c] = static_cast<float>((score - (c == i ? 1.0 : 0.0)) / samples);
    }
  }
  return loss;
}

}  // namespace earshot::test
