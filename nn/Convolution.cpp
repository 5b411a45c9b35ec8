#include "nn/Convolution.h"

#include <algorithm>

namespace earshot {

using Tag = dnnl::memory::format_tag;

struct Convolution::Plan {
  dnnl::convolution_forward::primitive_desc forward;
  dnnl::convolution_backward_data::primitive_desc data;
  std::optional<dnnl::convolution_backward_weights::primitive_desc> weights;
  std::optional<ImageGradient> image_gradient;  ///< instead of `weights`
  dnnl::memory::desc keras_kernel;
  dnnl::memory::desc bias;
  bool has_bias;

  Plan(const Config& config, const FeatureShape& input, const FeatureShape& output, bool from_image)
      : has_bias(config.bias_name.has_value()) {
    const dnnl::memory::dim k = config.kernel;
    const onednn::Dims dims = config.depthwise ? onednn::Dims{input.channels, 1, 1, k, k}
                                               : onednn::Dims{output.channels, input.channels, k, k};
    keras_kernel = onednn::f32(dims, config.depthwise ? Tag::hwigo : Tag::hwio);
    bias = onednn::f32({output.channels}, Tag::x);

    onednn::ConvolutionShape shape;
    const ActivationShape in(input);
    shape.input = from_image ? onednn::f32(in.dims(), Tag::nchw) : in.desc();
    shape.kernel = onednn::any(dims);
    if (has_bias) shape.bias = bias;
    shape.output = ActivationShape(output).desc();
    onednn::pad(shape, config.kernel, config.stride, config.padding == Padding::same);

    // Gradients are linear in the rounding of oneDNN's Winograd; the forward pass is not: LeakyReLU and max
    // pooling decide by what it rounds, and ten times the error of direct convolution there moves gradients
    // by up to a percent. (WinogradConvolution rounds as little as direct convolution does.)
    forward = onednn::convolution(shape, onednn::Algorithm::direct, dnnl::prop_kind::forward_training);
    data = onednn::convolution_data_gradient(shape, onednn::Algorithm::winograd, forward);
    const bool plain = config.stride == 1 && config.padding == Padding::same && has_bias;
    if (from_image && plain && onednn::channel_lanes() == 8) {
      image_gradient = ImageGradient{.kernel = config.kernel, .output = ActivationShape(output)};
    } else {
      weights = onednn::convolution_weight_gradient(shape, onednn::Algorithm::winograd, forward);
    }
  }

  Call::Arguments forward_arguments() const {
    Call::Arguments arguments = {{DNNL_ARG_SRC, forward.src_desc()},
                                 {DNNL_ARG_WEIGHTS, forward.weights_desc()},
                                 {DNNL_ARG_DST, forward.dst_desc()}};
    if (has_bias) arguments.emplace_back(DNNL_ARG_BIAS, bias);
    return arguments;
  }
  Call::Arguments data_arguments() const {
    return {{DNNL_ARG_DIFF_SRC, data.diff_src_desc()},
            {DNNL_ARG_WEIGHTS, data.weights_desc()},
            {DNNL_ARG_DIFF_DST, data.diff_dst_desc()}};
  }
  Call::Arguments weight_arguments() const {
    Call::Arguments arguments = {{DNNL_ARG_SRC, weights->src_desc()},
                                 {DNNL_ARG_DIFF_WEIGHTS, weights->diff_weights_desc()},
                                 {DNNL_ARG_DIFF_DST, weights->diff_dst_desc()}};
    if (has_bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, bias);
    return arguments;
  }
  dnnl::memory::desc kernel_gradient() const {
    return image_gradient ? image_gradient->desc() : weights->diff_weights_desc();
  }
};

Convolution::Convolution(const Config& config, const FeatureShape& input, const FeatureShape& output,
                         const OperationContext& context)
    : Convolution(config, Plan(config, input, output, context.from_image), context) {}

Convolution::Convolution(const Config& config, const Plan& plan, const OperationContext& context)
    : forward_(dnnl::convolution_forward(plan.forward), plan.forward.scratchpad_desc(),
               plan.forward_arguments(), context.workers),
      data_gradient_(dnnl::convolution_backward_data(plan.data), plan.data.scratchpad_desc(),
                     plan.data_arguments(), context.workers),
      image_gradient_(plan.image_gradient),
      kernel_(context.parameters.find(config.kernel_name).value, plan.keras_kernel,
              plan.forward.weights_desc()),
      kernel_for_data_(context.parameters.find(config.kernel_name).value, plan.keras_kernel,
                       plan.data.weights_desc()),
      kernel_gradient_(context.parameters.find(config.kernel_name).gradient, plan.keras_kernel,
                       plan.kernel_gradient()),
      kernel_sums_(kernel_gradient_.floats(), context.workers) {
  if (config.bias_name) {
    const Parameter& bias = context.parameters.find(*config.bias_name);
    bias_.emplace(bias.value, plan.bias, plan.bias);
    bias_gradient_.emplace(bias.gradient, plan.bias, plan.bias);
    bias_sums_.emplace(bias_gradient_->floats(), context.workers);
  }
  if (plan.weights) {
    weight_gradient_.emplace(dnnl::convolution_backward_weights(*plan.weights),
                             plan.weights->scratchpad_desc(), plan.weight_arguments(), context.workers);
  }
  for (std::size_t worker = 0; worker < context.workers; ++worker) {
    forward_.bind(worker, DNNL_ARG_WEIGHTS, kernel_.data());
    data_gradient_.bind(worker, DNNL_ARG_WEIGHTS, kernel_for_data_.data());
    if (weight_gradient_) weight_gradient_->bind(worker, DNNL_ARG_DIFF_WEIGHTS, kernel_sums_.sample(worker));
    if (!bias_) continue;
    forward_.bind(worker, DNNL_ARG_BIAS, bias_->data());
    if (weight_gradient_) weight_gradient_->bind(worker, DNNL_ARG_DIFF_BIAS, bias_sums_->sample(worker));
  }
}

void Convolution::load_parameters(bool training) {
  kernel_.from_keras();
  if (training) kernel_for_data_.from_keras();
  if (bias_) bias_->from_keras();
}

void Convolution::forward(Worker& worker, const float* input, float* output) {
  forward_.bind(worker.index, DNNL_ARG_SRC, input);
  forward_.bind(worker.index, DNNL_ARG_DST, output);
  forward_.run(worker);
}

void Convolution::clear_gradients() {
  kernel_sums_.clear();
  if (bias_sums_) bias_sums_->clear();
}

void Convolution::backward(Worker& worker, const float* input, const float* output_gradient,
                           float* input_gradient) {
  if (image_gradient_) {
    image_gradient_->compute(input, output_gradient, kernel_sums_.sample(worker.index),
                             bias_sums_->sample(worker.index));
  } else {
    weight_gradient_->bind(worker.index, DNNL_ARG_SRC, input);
    weight_gradient_->bind(worker.index, DNNL_ARG_DIFF_DST, output_gradient);
    weight_gradient_->run(worker);
  }
  kernel_sums_.add_sample(worker.index);
  if (bias_sums_) bias_sums_->add_sample(worker.index);
  if (input_gradient == nullptr) return;
  data_gradient_.bind(worker.index, DNNL_ARG_DIFF_DST, output_gradient);
  data_gradient_.bind(worker.index, DNNL_ARG_DIFF_SRC, input_gradient);
  data_gradient_.run(worker);
}

void Convolution::store_gradients() {
  kernel_sums_.collect(kernel_gradient_.data());
  kernel_gradient_.to_keras();
  if (!bias_sums_) return;
  bias_sums_->collect(bias_gradient_->data());
  bias_gradient_->to_keras();
}

std::size_t Convolution::scratch_bytes() const {
  return std::max({forward_.scratch_bytes(), data_gradient_.scratch_bytes(),
                   weight_gradient_ ? weight_gradient_->scratch_bytes() : 0});
}

SeparableConv2dOperation::SeparableConv2dOperation(const SeparableConv2d& layer, const std::string& name,
                                                   const FeatureShape& input, const FeatureShape& output,
                                                   const OperationContext& context)
    : SeparableConv2dOperation(layer, name, input, {output.height, output.width, input.channels}, output,
                               context) {}

SeparableConv2dOperation::SeparableConv2dOperation(const SeparableConv2d& layer, const std::string& name,
                                                   const FeatureShape& input, const FeatureShape& between,
                                                   const FeatureShape& output,
                                                   const OperationContext& context)
    : depthwise_({.kernel = layer.kernel,
                  .stride = layer.stride,
                  .depthwise = true,
                  .kernel_name = name + "/depthwise_kernel",
                  .bias_name = std::nullopt},
                 input, between, context),
      pointwise_({.kernel = 1, .kernel_name = name + "/pointwise_kernel", .bias_name = name + "/bias"},
                 between, output, context) {
  for (std::size_t worker = 0; worker < context.workers; ++worker) {
    between_.emplace_back(ActivationShape(between).floats() * sizeof(float));
    between_gradient_.emplace_back(ActivationShape(between).floats() * sizeof(float));
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

void SeparableConv2dOperation::store_gradients() {
  depthwise_.store_gradients();
  pointwise_.store_gradients();
}

std::size_t SeparableConv2dOperation::scratch_bytes() const {
  return std::max(depthwise_.scratch_bytes(), pointwise_.scratch_bytes());
}

}  // namespace earshot
