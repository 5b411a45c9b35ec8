// Convolution: Conv2d, DepthwiseConv2d and SeparableConv2d on oneDNN's convolution, gradients by Winograd
// where it exists.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nn/kernels/DepthwiseGradient.h"
#include "nn/kernels/ImageGradient.h"
#include "nn/training/Operation.h"

namespace earshot {

/// One convolution primitive with its two gradients.
class Convolution {
 public:
  struct Config {
    int kernel = 3;
    int stride = 1;
    Padding padding = Padding::same;
    bool depthwise = false;
    std::string kernel_name;               ///< of its tensor in the store
    std::optional<std::string> bias_name;  ///< none: no bias
    // In training:
    bool bfloat16 = false;       ///< inputs and output gradients are Bfloat16, the rest is float, but:
    bool rounds_output = false;  ///< outputs are Bfloat16 too
    bool rounds_input_gradient = false;  ///< input gradients are
  };
  /// Whether oneDNN has all that training in bfloat16 takes in more than its reference.
  static bool has_bfloat16(const Config& config, const FeatureShape& input, const FeatureShape& output,
                           const OperationContext& context);
  Convolution(const Config& config, const FeatureShape& input, const FeatureShape& output,
              const OperationContext& context);

  void load_parameters(bool training);
  void forward(Worker& worker, const float* input, float* output);
  void clear_gradients();
  // Activations and gradients are what the configuration says.
  void forward_training(Worker& worker, const void* input, void* output);
  void backward(Worker& worker, const void* input, const void* output_gradient, void* input_gradient);
  void store_gradients();
  std::size_t scratch_bytes() const;
  bool takes_bfloat16() const { return rounded_forward_.has_value(); }

 private:
  struct Plan;
  Convolution(const Config& config, const FeatureShape& input, const FeatureShape& output, const Plan& plan,
              const OperationContext& context);

  Call forward_;
  std::optional<Call> rounded_forward_;  ///< instead of it in training
  Call data_gradient_;
  std::optional<Call> weight_gradient_;
  std::optional<ImageGradient> image_gradient_;          ///< instead of it
  std::optional<DepthwiseGradient> depthwise_gradient_;  ///< instead of it
  WidenedParameter wide_kernel_;
  WidenedParameter wide_bias_;
  LaidOutParameter kernel_;
  std::optional<LaidOutParameter> rounded_kernel_;
  LaidOutParameter kernel_for_data_;
  LaidOutParameter kernel_gradient_;
  std::optional<LaidOutParameter> bias_;
  std::optional<LaidOutParameter> bias_gradient_;
  GradientSums kernel_sums_;
  std::optional<GradientSums> bias_sums_;
};

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
