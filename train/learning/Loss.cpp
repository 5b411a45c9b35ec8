#include "train/learning/Loss.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace earshot {
namespace {

std::size_t highest(std::span<const float> row) noexcept {
  return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

/// Keras' smoothing towards `even`, every class's share if nothing were known.
double smoothed(float target, double smoothing, double even) noexcept {
  return static_cast<double>(target) * (1.0 - smoothing) + smoothing * even;
}

/// `sample_loss` of a row's logits and targets, its weight in the mean, and its gradients (empty for none)
/// gives the row's loss before the weight.
template <typename SampleLoss>
BatchLoss mean_over_batch(std::span<const float> logits, std::span<const float> targets, std::size_t classes,
                          std::span<const float> class_weights, std::span<float> gradients,
                          SampleLoss sample_loss) noexcept {
  assert(!logits.empty() && logits.size() % classes == 0 && targets.size() == logits.size());
  assert(gradients.empty() || gradients.size() == logits.size());
  const std::size_t n = logits.size() / classes;
  BatchLoss loss;
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<const float> row = logits.subspan(i * classes, classes);
    const std::span<const float> target = targets.subspan(i * classes, classes);
    const std::size_t label = highest(target);
    const bool is_something = target[label] == 1.0F || target[label] != std::ranges::min(target);
    if (is_something) ++loss.judged;
    if (is_something && highest(row) == label) ++loss.correct;
    const bool weighted = is_something && !class_weights.empty();
    const double weight = (weighted ? class_weights[label] : 1.0) / static_cast<double>(n);
    const std::span<float> gradient = gradients.empty() ? gradients : gradients.subspan(i * classes, classes);
    loss.mean += weight * sample_loss(row, target, weight, gradient);
  }
  return loss;
}

}  // namespace

BatchLoss softmax_cross_entropy(std::span<const float> logits, std::span<const float> targets,
                                std::size_t classes, const LossSettings& settings,
                                std::span<float> gradients) noexcept {
  const double smoothing = settings.label_smoothing;
  const double even = 1.0 / static_cast<double>(classes);
  const auto sample_loss = [&](std::span<const float> row, std::span<const float> target, double weight,
                               std::span<float> gradient) {
    const float top = row[highest(row)];
    double sum = 0.0;  // log-sum-exp, shifted by the highest so that nothing overflows
    for (const float logit : row) sum += std::exp(static_cast<double>(logit) - top);
    const double log_sum = std::log(sum) + top;
    double loss = 0.0;
    double total = 0.0;
    for (std::size_t k = 0; k < classes; ++k) {
      const double share = smoothed(target[k], smoothing, even);
      total += share;
      if (share > 0.0) loss += share * (log_sum - row[k]);
    }
    for (std::size_t k = 0; k < gradient.size(); ++k) {
      const double probability = std::exp(row[k] - log_sum);
      gradient[k] = static_cast<float>(weight * (total * probability - smoothed(target[k], smoothing, even)));
    }
    return loss;
  };
  return mean_over_batch(logits, targets, classes, settings.class_weights, gradients, sample_loss);
}

BatchLoss sigmoid_cross_entropy(std::span<const float> logits, std::span<const float> targets,
                                std::size_t classes, const LossSettings& settings,
                                std::span<float> gradients) noexcept {
  const double smoothing = settings.label_smoothing;
  const auto sample_loss = [&](std::span<const float> row, std::span<const float> target, double weight,
                               std::span<float> gradient) {
    double loss = 0.0;
    for (std::size_t k = 0; k < classes; ++k) {
      // -t log s(z) - (1 - t) log(1 - s(z)) without overflow (tf.nn.sigmoid_cross_entropy_with_logits).
      const double logit = row[k];
      loss += std::max(logit, 0.0) - logit * smoothed(target[k], smoothing, 0.5) +
              std::log1p(std::exp(-std::abs(logit)));
    }
    for (std::size_t k = 0; k < gradient.size(); ++k) {
      const double score = 1.0 / (1.0 + std::exp(-static_cast<double>(row[k])));
      gradient[k] = static_cast<float>(weight / static_cast<double>(classes) *
                                       (score - smoothed(target[k], smoothing, 0.5)));
    }
    return loss / static_cast<double>(classes);
  };
  return mean_over_batch(logits, targets, classes, settings.class_weights, gradients, sample_loss);
}

}  // namespace earshot
