#include "nn/training/ConvolutionOperations.h"

#include <algorithm>

namespace earshot {
namespace {

/// With bfloat16 if that is wanted and there is such a primitive. (The first layer's is no faster, and needs
/// no gradient of its input, for which oneDNN has only its reference.)
Convolution::Config in_precision(Convolution::Config config, const FeatureShape& input,
                                 const FeatureShape& output, const OperationContext& context) {
  config.bfloat16 = context.precision == Precision::bf16 && !context.from_image &&
                    Convolution::has_bfloat16(config, input, output, context);
  return config;
}

}  // namespace

ConvolutionOperation::ConvolutionOperation(const Convolution::Config& config, const FeatureShape& input,
                                           const FeatureShape& output, const OperationContext& context)
    : convolution_(in_precision(config, input, output, context), input, output, context) {}

struct SeparableConv2dOperation::Parts {
  FeatureShape between;
  Convolution::Config depthwise;
  Convolution::Config pointwise;

  Parts(const SeparableConv2d& layer, const std::string& name, const FeatureShape& input,
        const FeatureShape& output, const OperationContext& context)
      : between{output.height, output.width, input.channels},
        depthwise{.kernel = layer.kernel,
                  .stride = layer.stride,
                  .depthwise = true,
                  .kernel_name = name + "/depthwise_kernel",
                  .bias_name = std::nullopt,
                  .rounds_output = true},
        pointwise{.kernel = 1,
                  .kernel_name = name + "/pointwise_kernel",
                  .bias_name = name + "/bias",
                  .rounds_input_gradient = true} {
    const Convolution::Config first = in_precision(depthwise, input, between, context);
    const Convolution::Config second = in_precision(pointwise, between, output, context);
    if (!first.bfloat16 || !second.bfloat16) return;
    depthwise = first;
    pointwise = second;
  }
};

SeparableConv2dOperation::SeparableConv2dOperation(const SeparableConv2d& layer, const std::string& name,
                                                   const FeatureShape& input, const FeatureShape& output,
                                                   const OperationContext& context)
    : SeparableConv2dOperation(Parts(layer, name, input, output, context), input, output, context) {}

SeparableConv2dOperation::SeparableConv2dOperation(const Parts& parts, const FeatureShape& input,
                                                   const FeatureShape& output,
                                                   const OperationContext& context)
    : depthwise_(parts.depthwise, input, parts.between, context),
      pointwise_(parts.pointwise, parts.between, output, context) {
  for (std::size_t worker = 0; worker < context.workers; ++worker) {
    between_.emplace_back(ActivationShape(parts.between).floats() * sizeof(float));
    between_gradient_.emplace_back(ActivationShape(parts.between).floats() * sizeof(float));
  }
}

void SeparableConv2dOperation::load_parameters(bool training) {
  depthwise_.load_parameters(training);
  pointwise_.load_parameters(training);
}

void SeparableConv2dOperation::forward(Worker& worker, const float* input, float* output) {
  float* between = between_[worker.index].floats();
  depthwise_.forward(worker, input, between);
  pointwise_.forward(worker, between, output);
}

void SeparableConv2dOperation::clear_gradients() {
  depthwise_.clear_gradients();
  pointwise_.clear_gradients();
}

void SeparableConv2dOperation::backward(Worker& worker, const float* input, const float* output_gradient,
                                        float* input_gradient) {
  float* between = between_[worker.index].floats();
  float* between_gradient = between_gradient_[worker.index].floats();
  depthwise_.forward(worker, input, between);
  pointwise_.backward(worker, between, output_gradient, between_gradient);
  depthwise_.backward(worker, input, between_gradient, input_gradient);
}

void SeparableConv2dOperation::forward_bfloat16(Worker& worker, const Bfloat16* input, float* output) {
  Bfloat16* between = between_[worker.index].bfloat16s();
  depthwise_.forward_training(worker, input, between);
  pointwise_.forward_training(worker, between, output);
}

void SeparableConv2dOperation::backward_bfloat16(Worker& worker, const Bfloat16* input,
                                                 const Bfloat16* output_gradient, float* input_gradient) {
  Bfloat16* between = between_[worker.index].bfloat16s();
  Bfloat16* between_gradient = between_gradient_[worker.index].bfloat16s();
  depthwise_.forward_training(worker, input, between);
  pointwise_.backward(worker, between, output_gradient, between_gradient);
  depthwise_.backward(worker, input, between_gradient, input_gradient);
}

void SeparableConv2dOperation::store_gradients() {
  depthwise_.store_gradients();
  pointwise_.store_gradients();
}

std::size_t SeparableConv2dOperation::scratch_bytes() const {
  return std::max(depthwise_.scratch_bytes(), pointwise_.scratch_bytes());
}

}  // namespace earshot
