#include "nn/training/DenseOperation.h"

#include <algorithm>

namespace earshot {
namespace {

using Tag = dnnl::memory::format_tag;
using Way = LaidOutParameter::Way;

void clear_padding(const ActivationShape& shape, float* data) {
  std::fill(data + shape.channels, data + shape.padded_channels(), 0.0F);
}

}  // namespace

struct DenseOperation::Plan {
  ActivationShape input;
  ActivationShape output;
  dnnl::memory::desc keras_kernel;
  dnnl::memory::desc bias;
  onednn::DenseShape shape;
  dnnl::inner_product_forward::primitive_desc forward;
  dnnl::inner_product_backward_data::primitive_desc data;
  dnnl::inner_product_backward_weights::primitive_desc weights;

  Plan(const FeatureShape& in, const FeatureShape& out) : input(in), output(out) {
    const onednn::Dims dims = {out.channels, in.channels};
    keras_kernel = onednn::f32(dims, Tag::io);
    bias = onednn::f32({out.channels}, Tag::x);
    shape = {onednn::f32({1, in.channels}, Tag::nc), onednn::any(dims), bias,
             onednn::f32({1, out.channels}, Tag::nc)};
    forward = onednn::dense(shape, dnnl::prop_kind::forward_training);
    data = onednn::dense_data_gradient(shape, forward);
    weights = onednn::dense_weight_gradient(shape, forward);
  }
};

DenseOperation::DenseOperation(const std::string& name, const FeatureShape& input, const FeatureShape& output,
                               const OperationContext& context)
    : DenseOperation(name, Plan(input, output), context) {}

DenseOperation::DenseOperation(const std::string& name, const Plan& plan, const OperationContext& context)
    : input_(plan.input),
      output_(plan.output),
      forward_(dnnl::inner_product_forward(plan.forward), plan.forward.scratchpad_desc(),
               {{DNNL_ARG_SRC, plan.shape.input},
                {DNNL_ARG_WEIGHTS, plan.forward.weights_desc()},
                {DNNL_ARG_BIAS, plan.bias},
                {DNNL_ARG_DST, plan.shape.output}},
               context.workers),
      data_gradient_(dnnl::inner_product_backward_data(plan.data), plan.data.scratchpad_desc(),
                     {{DNNL_ARG_DIFF_SRC, plan.shape.input},
                      {DNNL_ARG_WEIGHTS, plan.data.weights_desc()},
                      {DNNL_ARG_DIFF_DST, plan.shape.output}},
                     context.workers),
      weight_gradient_(dnnl::inner_product_backward_weights(plan.weights), plan.weights.scratchpad_desc(),
                       {{DNNL_ARG_SRC, plan.shape.input},
                        {DNNL_ARG_DIFF_WEIGHTS, plan.weights.diff_weights_desc()},
                        {DNNL_ARG_DIFF_BIAS, plan.bias},
                        {DNNL_ARG_DIFF_DST, plan.shape.output}},
                       context.workers),
      kernel_(Way::from_keras, context.parameters.find(name + "/kernel").value, plan.keras_kernel,
              plan.forward.weights_desc()),
      kernel_for_data_(Way::from_keras, context.parameters.find(name + "/kernel").value, plan.keras_kernel,
                       plan.data.weights_desc()),
      kernel_gradient_(Way::to_keras, context.parameters.find(name + "/kernel").gradient, plan.keras_kernel,
                       plan.weights.diff_weights_desc()),
      bias_(Way::from_keras, context.parameters.find(name + "/bias").value, plan.bias, plan.bias),
      bias_gradient_(Way::to_keras, context.parameters.find(name + "/bias").gradient, plan.bias, plan.bias),
      kernel_sums_(kernel_gradient_.floats(), context.workers),
      bias_sums_(bias_gradient_.floats(), context.workers) {
  for (std::size_t worker = 0; worker < context.workers; ++worker) {
    forward_.bind(worker, DNNL_ARG_WEIGHTS, kernel_.data());
    forward_.bind(worker, DNNL_ARG_BIAS, bias_.data());
    data_gradient_.bind(worker, DNNL_ARG_WEIGHTS, kernel_for_data_.data());
    weight_gradient_.bind(worker, DNNL_ARG_DIFF_WEIGHTS, kernel_sums_.sample(worker));
    weight_gradient_.bind(worker, DNNL_ARG_DIFF_BIAS, bias_sums_.sample(worker));
  }
}

void DenseOperation::load_parameters(bool training) {
  kernel_.copy();
  if (training) kernel_for_data_.copy();
  bias_.copy();
}

void DenseOperation::forward(Worker& worker, const float* input, float* output) {
  forward_.bind(worker.index, DNNL_ARG_SRC, input);
  forward_.bind(worker.index, DNNL_ARG_DST, output);
  forward_.run(worker);
  clear_padding(output_, output);
}

void DenseOperation::clear_gradients() {
  kernel_sums_.clear();
  bias_sums_.clear();
}

void DenseOperation::backward(Worker& worker, const float* input, const float* output_gradient,
                              float* input_gradient) {
  weight_gradient_.bind(worker.index, DNNL_ARG_SRC, input);
  weight_gradient_.bind(worker.index, DNNL_ARG_DIFF_DST, output_gradient);
  weight_gradient_.run(worker);
  kernel_sums_.add_sample(worker.index);
  bias_sums_.add_sample(worker.index);
  if (input_gradient == nullptr) return;
  data_gradient_.bind(worker.index, DNNL_ARG_DIFF_DST, output_gradient);
  data_gradient_.bind(worker.index, DNNL_ARG_DIFF_SRC, input_gradient);
  data_gradient_.run(worker);
  clear_padding(input_, input_gradient);
}

void DenseOperation::store_gradients() {
  kernel_sums_.collect(kernel_gradient_.data());
  kernel_gradient_.copy();
  bias_sums_.collect(bias_gradient_.data());
  bias_gradient_.copy();
}

std::size_t DenseOperation::scratch_bytes() const {
  return std::max(
      {forward_.scratch_bytes(), data_gradient_.scratch_bytes(), weight_gradient_.scratch_bytes()});
}

}  // namespace earshot
