// Classifier: features -> scores. Inference only: BatchNorm folded, LeakyReLU fused; layouts chosen by oneDNN, or
// loops of our own.
#pragma once

#include <memory>
#include <span>

#include "nn/inference/NetworkPlan.h"
#include "nn/model/Model.h"

namespace earshot {

/// A model's network and weights, laid out for inference once: classifiers on any number of threads share it. Throws
/// Error.
std::shared_ptr<const PreparedNetwork> prepare_network(const Model& model);

/// Not thread safe: one instance a thread.
class Classifier {
 public:
  /// Builds every primitive and buffer. `threads` >= 1 are those of oneDNN when classify() runs. Throws
  /// Error.
  Classifier(std::shared_ptr<const PreparedNetwork> network, int threads);
  /// With a network of its own.
  Classifier(const Model& model, int threads);

  /// real-time: but for what oneDNN itself does. `features` of one window or of several behind one another,
  /// recipe.shape().size() values each, height x width x channels -> `scores`, one probability a label, window by
  /// window. The same window gives the same bits, whatever stands beside it. False, and no scores, if there are more
  /// or fewer of either, or oneDNN refused to compute.
  [[nodiscard]] bool classify(std::span<const float> features, std::span<float> scores) noexcept;

 private:
  NetworkPlan plan_;
};

}  // namespace earshot
