// Convolution: oneDNN's convolution, forward and backward, gradients by Winograd where it exists.
#pragma once

#include <optional>
#include <string>

#include "nn/kernels/DepthwiseGradient.h"
#include "nn/kernels/ImageGradient.h"
#include "nn/training/Call.h"
#include "nn/training/GradientSums.h"
#include "nn/training/LaidOutParameter.h"

namespace earshot {

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

  // As Operation has them; activations and gradients are laid out as ActivationShape says.
  void load_parameters(bool training);
  void forward(Worker& worker, const float* input, float* output);
  void clear_gradients();
  // Activations and gradients are of floats or Bfloat16, as the configuration says.
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

}  // namespace earshot
