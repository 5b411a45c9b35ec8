#include "train/Loss.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace earshot {

BatchLoss softmax_cross_entropy(std::span<const float> logits, std::span<const int> labels,
                                std::span<const float> class_weights, std::span<float> gradients) noexcept {
  const std::size_t n = labels.size();
  assert(n > 0 && logits.size() % n == 0 && (gradients.empty() || gradients.size() == logits.size()));
  const std::size_t classes = logits.size() / n;
  BatchLoss loss;
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<const float> row = logits.subspan(i * classes, classes);
    const auto label = static_cast<std::size_t>(labels[i]);
    const auto highest = std::max_element(row.begin(), row.end());
    if (static_cast<std::size_t>(highest - row.begin()) == label) ++loss.correct;

    double sum = 0.0;  // log-sum-exp, shifted by the highest so that nothing overflows
    for (const float logit : row) sum += std::exp(static_cast<double>(logit) - *highest);
    const double log_sum = std::log(sum) + *highest;
    const double weight = (class_weights.empty() ? 1.0 : class_weights[label]) / static_cast<double>(n);
    loss.mean += weight * (log_sum - row[label]);
    if (gradients.empty()) continue;
    for (std::size_t k = 0; k < classes; ++k) {
      const double probability = std::exp(row[k] - log_sum);
      gradients[i * classes + k] = static_cast<float>(weight * (probability - (k == label ? 1.0 : 0.0)));
    }
  }
  return loss;
}

}  // namespace earshot
