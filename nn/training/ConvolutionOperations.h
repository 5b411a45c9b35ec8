// ConvolutionOperations: Conv2d, DepthwiseConv2d and SeparableConv2d, in bfloat16 where that is wanted and
// gains.
#pragma once

#include <string>
#include <vector>

#include "nn/training/Convolution.h"
#include "nn/training/Operation.h"

namespace earshot {

class ConvolutionOperation final : public Operation {
 public:
  ConvolutionOperation(const Convolution::Config& config, const FeatureShape& input,
                       const FeatureShape& output, const OperationContext& context);
  void load_parameters(bool training) override { convolution_.load_parameters(training); }
  void forward(Worker& worker, const float* input, float* output) override {
    convolution_.forward(worker, input, output);
  }
  void clear_gradients() override { convolution_.clear_gradients(); }
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override {
    convolution_.backward(worker, input, output_gradient, input_gradient);
  }
  bool takes_bfloat16() const override { return convolution_.takes_bfloat16(); }
  void forward_bfloat16(Worker& worker, const Bfloat16* input, float* output) override {
    convolution_.forward_training(worker, input, output);
  }
  void backward_bfloat16(Worker& worker, const Bfloat16* input, const Bfloat16* output_gradient,
                         float* input_gradient) override {
    convolution_.backward(worker, input, output_gradient, input_gradient);
  }
  void store_gradients() override { convolution_.store_gradients(); }
  std::size_t scratch_bytes() const override { return convolution_.scratch_bytes(); }

 private:
  Convolution convolution_;
};

/// What lies between depthwise and pointwise is not saved: backward() computes it again, which costs less
/// than memory.
class SeparableConv2dOperation final : public Operation {
 public:
  SeparableConv2dOperation(const SeparableConv2d& layer, const std::string& name, const FeatureShape& input,
                           const FeatureShape& output, const OperationContext& context);
  void load_parameters(bool training) override;
  void forward(Worker& worker, const float* input, float* output) override;
  void clear_gradients() override;
  void backward(Worker& worker, const float* input, const float* output_gradient,
                float* input_gradient) override;
  bool takes_bfloat16() const override { return depthwise_.takes_bfloat16(); }
  void forward_bfloat16(Worker& worker, const Bfloat16* input, float* output) override;
  void backward_bfloat16(Worker& worker, const Bfloat16* input, const Bfloat16* output_gradient,
                         float* input_gradient) override;
  void store_gradients() override;
  std::size_t scratch_bytes() const override;

 private:
  struct Parts;
  SeparableConv2dOperation(const Parts& parts, const FeatureShape& input, const FeatureShape& output,
                           const OperationContext& context);

  Convolution depthwise_;
  Convolution pointwise_;
  std::vector<onednn::Buffer> between_;           ///< by worker
  std::vector<onednn::Buffer> between_gradient_;  ///< by worker
};

}  // namespace earshot
