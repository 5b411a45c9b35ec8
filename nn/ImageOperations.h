// ImageOperations: those without parameters: global average pooling, and copying between layouts.
#pragma once

#include "nn/Operation.h"

namespace earshot {

/// The mean over height and width.
class AveragePoolOperation final : public Operation {
 public:
  explicit AveragePoolOperation(const FeatureShape& input) : input_(input) {}
  void forward(Worker& worker, const float* input, float* output) override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;

 private:
  ActivationShape input_;
};

/// Separates epilogues that cannot be one, and takes an image (height x width x channels) into the layout of
/// activations.
class CopyOperation final : public Operation {
 public:
  CopyOperation(const FeatureShape& shape, const OperationContext& context);
  void forward(Worker& worker, const float* input, float* output) override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;
  std::size_t scratch_bytes() const override { return copy_.scratch_bytes(); }

 private:
  ActivationShape shape_;
  Call copy_;
};

}  // namespace earshot
