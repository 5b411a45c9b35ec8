// Classifier: features -> scores. Inference only: BatchNorm folded, LeakyReLU fused, layouts chosen by
// oneDNN.
#pragma once

#include <memory>
#include <span>

#include "nn/model/Model.h"

namespace earshot {

class PreparedNetwork;

/// A model's network and weights, laid out for inference once: classifiers on any number of threads share it. Throws
/// Error.
std::shared_ptr<const PreparedNetwork> prepare_network(const Model& model);

/// One window at a time. Not thread safe: one instance a thread.
class Classifier {
 public:
  /// Builds every primitive and buffer. `threads` >= 1 are those of oneDNN when classify() runs. Throws
  /// Error.
  Classifier(std::shared_ptr<const PreparedNetwork> network, int threads);
  /// With a network of its own.
  Classifier(const Model& model, int threads);
  ~Classifier();
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;

  /// real-time: but for what oneDNN itself does. `features` of recipe.shape().size() values, height x width x
  /// channels -> `scores`, one probability a label. The same input gives the same bits. False, and no scores,
  /// if there are more or fewer of either, or oneDNN refused to compute.
  [[nodiscard]] bool classify(std::span<const float> features, std::span<float> scores) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
