#include "nn/training/Convolution.h"

#include <algorithm>

namespace earshot {

using Tag = dnnl::memory::format_tag;
using Way = LaidOutParameter::Way;

namespace {

std::size_t size(int channels) {
  return static_cast<std::size_t>(channels);
}

void run_forward(Call& call, Worker& worker, const void* input, void* output) {
  call.bind(worker.index, DNNL_ARG_SRC, input);
  call.bind(worker.index, DNNL_ARG_DST, output);
  call.run(worker);
}

}  // namespace

struct Convolution::Plan {
  dnnl::convolution_forward::primitive_desc forward;
  std::optional<dnnl::convolution_forward::primitive_desc> rounded_forward;  ///< instead of it in training
  dnnl::convolution_backward_data::primitive_desc data;
  std::optional<dnnl::convolution_backward_weights::primitive_desc> weights;
  std::optional<ImageGradient> image_gradient;          ///< instead of `weights`
  std::optional<DepthwiseGradient> depthwise_gradient;  ///< instead of `weights`
  FeatureShape input;                                   ///< channels as the primitives see them
  FeatureShape output;
  dnnl::memory::desc keras_kernel;
  dnnl::memory::desc bias;
  bool has_bias;

  Plan(const Config& config, const FeatureShape& own_input, const FeatureShape& own_output, bool from_image)
      : input(widened(own_input, config.depthwise || from_image)),
        output(widened(own_output, config.depthwise || from_image)),
        has_bias(config.bias_name.has_value()) {
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
    if (config.bfloat16) {
      plan_bfloat16(config, shape);
      return;
    }
    data = onednn::convolution_data_gradient(shape, onednn::Algorithm::winograd, forward);
    if (from_image && onednn::channel_lanes() == 8) {
      image_gradient = ImageGradient{.kernel = config.kernel, .output = ActivationShape(output)};
      return;
    }
    weights = onednn::convolution_weight_gradient(shape, onednn::Algorithm::winograd, forward);
    if (config.depthwise && onednn::is_reference(*weights)) {
      weights.reset();
      depthwise_gradient = DepthwiseGradient{.kernel = config.kernel,
                                             .stride = config.stride,
                                             .pad_top = static_cast<int>(shape.pad_begin[0]),
                                             .pad_left = static_cast<int>(shape.pad_begin[1]),
                                             .input = in,
                                             .output = ActivationShape(output)};
    }
  }

  void plan_bfloat16(const Config& config, onednn::ConvolutionShape shape) {
    const ActivationShape in(input);
    const ActivationShape out(output);
    const dnnl::memory::desc kernel_of_floats = shape.kernel;
    shape.kernel = onednn::bf16(onednn::dims_of(shape.kernel), Tag::any);
    shape.input = in.bfloat16_desc();
    shape.output = config.rounds_output ? out.bfloat16_desc() : out.desc();
    rounded_forward =
        onednn::convolution(shape, onednn::Algorithm::direct, dnnl::prop_kind::forward_training);
    shape.output = out.bfloat16_desc();
    shape.input = config.rounds_input_gradient ? in.bfloat16_desc() : in.desc();
    data = onednn::convolution_data_gradient(shape, onednn::Algorithm::direct, *rounded_forward);
    shape.input = in.bfloat16_desc();
    shape.kernel = kernel_of_floats;
    weights = onednn::convolution_weight_gradient(shape, onednn::Algorithm::direct, *rounded_forward);
  }

  /// Channels that fill registers; activations hold zeros there already.
  static FeatureShape widened(FeatureShape shape, bool keep) {
    if (!keep) shape.channels = static_cast<int>(ActivationShape(shape).padded_channels());
    return shape;
  }

  Call forward_call(const dnnl::convolution_forward::primitive_desc& desc, std::size_t workers) const {
    Call::Arguments arguments = {{DNNL_ARG_SRC, desc.src_desc()},
                                 {DNNL_ARG_WEIGHTS, desc.weights_desc()},
                                 {DNNL_ARG_DST, desc.dst_desc()}};
    if (has_bias) arguments.emplace_back(DNNL_ARG_BIAS, bias);
    return {dnnl::convolution_forward(desc), desc.scratchpad_desc(), arguments, workers};
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
    if (image_gradient) return image_gradient->desc();
    return depthwise_gradient ? depthwise_gradient->desc() : weights->diff_weights_desc();
  }
};

bool Convolution::has_bfloat16(const Config& config, const FeatureShape& input, const FeatureShape& output,
                               const OperationContext& context) {
  Config rounding = config;
  rounding.bfloat16 = true;
  try {
    const Plan plan(rounding, input, output, context.from_image);
    return !onednn::is_reference(*plan.rounded_forward) && !onednn::is_reference(plan.data) &&
           !onednn::is_reference(*plan.weights);
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented) throw;
    return false;
  }
}

Convolution::Convolution(const Config& config, const FeatureShape& input, const FeatureShape& output,
                         const OperationContext& context)
    : Convolution(config, input, output, Plan(config, input, output, context.from_image), context) {}

Convolution::Convolution(const Config& config, const FeatureShape& input, const FeatureShape& output,
                         const Plan& plan, const OperationContext& context)
    : forward_(plan.forward_call(plan.forward, context.workers)),
      data_gradient_(dnnl::convolution_backward_data(plan.data), plan.data.scratchpad_desc(),
                     plan.data_arguments(), context.workers),
      image_gradient_(plan.image_gradient),
      depthwise_gradient_(plan.depthwise_gradient),
      wide_kernel_(context.parameters.find(config.kernel_name), size(config.depthwise ? 1 : input.channels),
                   size(config.depthwise ? input.channels : output.channels),
                   size(config.depthwise ? 1 : plan.input.channels),
                   size(config.depthwise ? input.channels : plan.output.channels)),
      kernel_(Way::from_keras, wide_kernel_.value(), plan.keras_kernel, plan.forward.weights_desc()),
      kernel_for_data_(Way::from_keras, wide_kernel_.value(), plan.keras_kernel, plan.data.weights_desc()),
      kernel_gradient_(Way::to_keras, wide_kernel_.gradient(), plan.keras_kernel, plan.kernel_gradient()),
      kernel_sums_(kernel_gradient_.floats(), context.workers) {
  if (plan.rounded_forward) {
    rounded_forward_ = plan.forward_call(*plan.rounded_forward, context.workers);
    rounded_kernel_.emplace(Way::from_keras, wide_kernel_.value(), plan.keras_kernel,
                            plan.rounded_forward->weights_desc());
  }
  if (config.bias_name) {
    wide_bias_ = WidenedParameter(context.parameters.find(*config.bias_name), 1, size(output.channels), 1,
                                  size(plan.output.channels));
    bias_.emplace(Way::from_keras, wide_bias_.value(), plan.bias, plan.bias);
    bias_gradient_.emplace(Way::to_keras, wide_bias_.gradient(), plan.bias, plan.bias);
    bias_sums_.emplace(bias_gradient_->floats(), context.workers);
  }
  if (plan.weights) {
    weight_gradient_.emplace(dnnl::convolution_backward_weights(*plan.weights),
                             plan.weights->scratchpad_desc(), plan.weight_arguments(), context.workers);
  }
  for (std::size_t worker = 0; worker < context.workers; ++worker) {
    forward_.bind(worker, DNNL_ARG_WEIGHTS, kernel_.data());
    if (rounded_forward_) rounded_forward_->bind(worker, DNNL_ARG_WEIGHTS, rounded_kernel_->data());
    data_gradient_.bind(worker, DNNL_ARG_WEIGHTS, kernel_for_data_.data());
    if (weight_gradient_) weight_gradient_->bind(worker, DNNL_ARG_DIFF_WEIGHTS, kernel_sums_.sample(worker));
    if (!bias_) continue;
    forward_.bind(worker, DNNL_ARG_BIAS, bias_->data());
    if (rounded_forward_) rounded_forward_->bind(worker, DNNL_ARG_BIAS, bias_->data());
    if (weight_gradient_) weight_gradient_->bind(worker, DNNL_ARG_DIFF_BIAS, bias_sums_->sample(worker));
  }
}

void Convolution::load_parameters(bool training) {
  wide_kernel_.widen_value();
  if (bias_) wide_bias_.widen_value();
  if (!training || !rounded_kernel_) kernel_.copy();
  if (training && rounded_kernel_) rounded_kernel_->copy();
  if (training) kernel_for_data_.copy();
  if (bias_) bias_->copy();
}

void Convolution::forward(Worker& worker, const float* input, float* output) {
  run_forward(forward_, worker, input, output);
}

void Convolution::forward_training(Worker& worker, const void* input, void* output) {
  run_forward(rounded_forward_ ? *rounded_forward_ : forward_, worker, input, output);
}

void Convolution::clear_gradients() {
  kernel_sums_.clear();
  if (bias_sums_) bias_sums_->clear();
}

void Convolution::backward(Worker& worker, const void* input, const void* output_gradient,
                           void* input_gradient) {
  // Our own loops are for floats only.
  const auto floats = [](const void* data) { return static_cast<const float*>(data); };
  if (image_gradient_) {
    image_gradient_->compute(floats(input), floats(output_gradient), kernel_sums_.sample(worker.index),
                             bias_sums_->sample(worker.index));
  } else if (depthwise_gradient_) {
    depthwise_gradient_->compute(floats(input), floats(output_gradient), kernel_sums_.sample(worker.index),
                                 bias_sums_ ? bias_sums_->sample(worker.index) : nullptr);
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
  kernel_gradient_.copy();
  wide_kernel_.narrow_gradient();
  if (!bias_sums_) return;
  bias_sums_->collect(bias_gradient_->data());
  bias_gradient_->copy();
  wide_bias_.narrow_gradient();
}

std::size_t Convolution::scratch_bytes() const {
  return std::max({forward_.scratch_bytes(), rounded_forward_ ? rounded_forward_->scratch_bytes() : 0,
                   data_gradient_.scratch_bytes(), weight_gradient_ ? weight_gradient_->scratch_bytes() : 0});
}

}  // namespace earshot
