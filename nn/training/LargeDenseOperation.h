// LargeDenseOperation: a dense layer whose kernel is larger than the caches, read once a batch instead of
// once a sample.
#pragma once

#include <string>

#include "nn/training/Operation.h"

namespace earshot {

class LargeDenseOperation final : public Operation {
 public:
  /// Whether the kernel is so large.
  static bool pays(const FeatureShape& input, const FeatureShape& output);

  LargeDenseOperation(const std::string& name, const FeatureShape& input, const FeatureShape& output,
                      const OperationContext& context);
  void forward(Worker& worker, const float* input, float* output) override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;
  bool takes_batch() const override { return true; }
  void forward_batch(std::size_t samples, const float* inputs, float* outputs) override;
  void backward_batch(std::size_t samples, const float* inputs, const float* output_gradients,
                      float* input_gradients) override;

 private:
  void multiply_and_add_bias(std::size_t samples, const float* inputs, float* outputs) const;

  const Parameter& kernel_;  ///< Keras' inputs x units is what the product reads
  const Parameter& bias_;
  ActivationShape input_;
  ActivationShape output_;
  int threads_;
};

}  // namespace earshot
