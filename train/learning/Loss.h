// Loss: cross-entropies from logits, as Keras fuses them: no clipping, class weights over the batch size.
#pragma once

#include <cstddef>
#include <span>

namespace earshot {

struct BatchLoss {
  double mean = 0.0;        ///< sum of w_i CE_i over the batch size (not over the sum of the weights)
  std::size_t judged = 0;   ///< samples that are something: targets that are all alike say "none of these"
  std::size_t correct = 0;  ///< of those: Keras' categorical_accuracy, the highest logit at the highest
                            ///< target, of equals the first in both
};

struct LossSettings {
  /// One a class, or empty for none; a sample weighs as its highest target, the first of equals (Keras'
  /// class_weight takes the argmax, too), one that is none of them 1.
  std::span<const float> class_weights;
  double label_smoothing =
      0.0;  ///< s: t becomes t (1 - s) + s / classes, for sigmoid scores t (1 - s) + s / 2
};

/// `logits` and `targets` n x classes; a row of targets is a class's one-hot or shares of several classes, of
/// sum 1. `gradients` n x classes receives the gradient of `mean` with regard to the logits, or is empty.
/// Kullback and Leibler's divergence from the targets is this less the targets' entropy: the same gradient.
BatchLoss softmax_cross_entropy(std::span<const float> logits, std::span<const float> targets,
                                std::size_t classes, const LossSettings& settings,
                                std::span<float> gradients) noexcept;

/// The same for scores that are sigmoids, several classes at once: targets are 0 .. 1 each, and a sample's
/// loss is the mean over its classes (Keras' BinaryCrossentropy).
BatchLoss sigmoid_cross_entropy(std::span<const float> logits, std::span<const float> targets,
                                std::size_t classes, const LossSettings& settings,
                                std::span<float> gradients) noexcept;

}  // namespace earshot
