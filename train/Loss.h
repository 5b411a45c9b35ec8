// Loss: softmax cross-entropy from logits, as Keras fuses it: no clipping, class weights over the batch size.
#pragma once

#include <cstddef>
#include <span>

namespace earshot {

struct BatchLoss {
  double mean = 0.0;        ///< sum of w_i CE_i over the batch size (not over the sum of the weights)
  std::size_t correct = 0;  ///< samples whose highest logit, the first of equals, is their label's
};

/// `logits` n x classes, `labels` n, each below `classes`; `class_weights` one a class, or empty for none.
/// `gradients` n x classes receives the gradient of `mean` with regard to the logits, or is empty.
BatchLoss softmax_cross_entropy(std::span<const float> logits, std::span<const int> labels,
                                std::span<const float> class_weights, std::span<float> gradients) noexcept;

}  // namespace earshot
