#include "nn/training/Operation.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <variant>

#include "dsp/base/Error.h"
#include "nn/training/Convolution.h"
#include "nn/training/DenseOperation.h"
#include "nn/training/ImageOperations.h"
#include "nn/training/LargeDenseOperation.h"
#include "nn/training/WinogradOperation.h"

namespace earshot {

Call::Call(dnnl::primitive primitive, const dnnl::memory::desc& scratchpad, const Arguments& arguments,
           std::size_t workers)
    : primitive_(std::move(primitive)), arguments_(workers), scratch_bytes_(scratchpad.get_size()) {
  for (auto& own : arguments_) {
    for (const auto& [argument, desc] : arguments) own.emplace(argument, onednn::view(desc, nullptr));
    own.emplace(DNNL_ARG_SCRATCHPAD, onednn::view(scratchpad, nullptr));
  }
}

void Call::bind(std::size_t worker, int argument, const void* data) {
  // oneDNN takes inputs through the same handle as outputs; it writes to outputs only.
  arguments_[worker].at(argument).set_data_handle(const_cast<void*>(data));
}

void Call::run(Worker& worker) {
  bind(worker.index, DNNL_ARG_SCRATCHPAD, worker.scratch.data());
  primitive_.execute(worker.stream, arguments_[worker.index]);
}

WidenedParameter::WidenedParameter(const Parameter& parameter, std::size_t inputs, std::size_t filters,
                                   std::size_t wide_inputs, std::size_t wide_filters)
    : parameter_(parameter),
      widens_(inputs != wide_inputs || filters != wide_filters),
      inputs_(inputs),
      filters_(filters),
      wide_inputs_(wide_inputs),
      wide_filters_(wide_filters) {
  if (!widens_) return;
  const std::size_t rows = parameter.value.size() / (inputs * filters);
  value_.resize(rows * wide_inputs * wide_filters, 0.0F);
  gradient_.resize(parameter.gradient.empty() ? 0 : value_.size(), 0.0F);
}

template <class Visit>
void WidenedParameter::for_each_row(Visit visit) const {
  const std::size_t rows = parameter_.value.size() / (inputs_ * filters_);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t input = 0; input < inputs_; ++input) {
      visit((row * inputs_ + input) * filters_, (row * wide_inputs_ + input) * wide_filters_);
    }
  }
}

void WidenedParameter::widen_value() {
  if (!widens_) return;
  for_each_row(
      [&](std::size_t from, std::size_t to) { std::copy_n(&parameter_.value[from], filters_, &value_[to]); });
}

void WidenedParameter::narrow_gradient() {
  if (!widens_) return;
  for_each_row([&](std::size_t to, std::size_t from) {
    std::copy_n(&gradient_[from], filters_, &parameter_.gradient[to]);
  });
}

LaidOutParameter::LaidOutParameter(std::span<float> keras, const dnnl::memory::desc& keras_desc,
                                   const dnnl::memory::desc& desc)
    : buffer_(desc.get_size()),
      keras_(onednn::view(keras_desc, keras.data())),
      own_(onednn::view(desc, buffer_.data())),
      in_(onednn::reorder(keras_desc, desc)),
      out_(onednn::reorder(desc, keras_desc)),
      scratch_(std::max(in_.scratchpad_desc().get_size(), out_.scratchpad_desc().get_size())) {}

void LaidOutParameter::from_keras() {
  run(in_, keras_, own_);
}

void LaidOutParameter::to_keras() {
  run(out_, own_, keras_);
}

void LaidOutParameter::run(const dnnl::reorder::primitive_desc& how, dnnl::memory& from, dnnl::memory& to) {
  dnnl::stream stream(onednn::engine());
  dnnl::reorder(how).execute(stream,
                             {{DNNL_ARG_FROM, from},
                              {DNNL_ARG_TO, to},
                              {DNNL_ARG_SCRATCHPAD, onednn::view(how.scratchpad_desc(), scratch_.data())}});
}

GradientSums::GradientSums(std::size_t floats, std::size_t workers) : floats_(floats) {
  constexpr std::size_t kVector = 16;
  for (std::size_t i = 0; i < workers; ++i) {
    sample_.emplace_back((floats + kVector - 1) / kVector * kVector * sizeof(float));
    sum_.emplace_back(floats * sizeof(float));
  }
}

void GradientSums::clear() {
  for (onednn::Buffer& sum : sum_) std::fill_n(sum.floats(), floats_, 0.0F);
}

void GradientSums::add_sample(std::size_t worker) {
  const float* from = sample_[worker].floats();
  float* to = sum_[worker].floats();
  for (std::size_t i = 0; i < floats_; ++i) to[i] += from[i];
}

void GradientSums::collect(float* total) const {
  std::copy_n(sum_.front().floats(), floats_, total);
  for (std::size_t w = 1; w < sum_.size(); ++w) {
    const float* from = sum_[w].floats();
    for (std::size_t i = 0; i < floats_; ++i) total[i] += from[i];
  }
}

void Operation::forward_batch(std::size_t, const float*, float*) {
  assert(false);  // takes_batch() says whether it may be called
}

void Operation::backward_batch(std::size_t, const float*, const float*, float*) {
  assert(false);
}

void Operation::forward_bfloat16(Worker&, const Bfloat16*, float*) {
  assert(false);  // takes_bfloat16() says whether it may be called
}

void Operation::backward_bfloat16(Worker&, const Bfloat16*, const Bfloat16*, float*) {
  assert(false);
}

namespace {

std::optional<std::string> bias_name(bool has_bias, const std::string& layer) {
  return has_bias ? std::optional(layer + "/bias") : std::nullopt;
}

/// Makes the operation of each kind of layer.
struct Maker {
  const std::string& name;
  const FeatureShape& input;
  const FeatureShape& output;
  const OperationContext& context;

  std::unique_ptr<Operation> operator()(const Conv2d& conv) const {
    const bool plain = conv.stride == 1 && conv.padding == Padding::same && conv.bias;
    if (plain && WinogradConvolution::pays(conv.kernel, input.channels)) {
      return std::make_unique<WinogradOperation>(name, input, output, context);
    }
    const Convolution::Config config = {.kernel = conv.kernel,
                                        .stride = conv.stride,
                                        .padding = conv.padding,
                                        .kernel_name = name + "/kernel",
                                        .bias_name = bias_name(conv.bias, name)};
    return std::make_unique<ConvolutionOperation>(config, input, output, context);
  }
  std::unique_ptr<Operation> operator()(const DepthwiseConv2d& conv) const {
    const Convolution::Config config = {.kernel = conv.kernel,
                                        .stride = conv.stride,
                                        .padding = conv.padding,
                                        .depthwise = true,
                                        .kernel_name = name + "/depthwise_kernel",
                                        .bias_name = bias_name(conv.bias, name)};
    return std::make_unique<ConvolutionOperation>(config, input, output, context);
  }
  std::unique_ptr<Operation> operator()(const SeparableConv2d& conv) const {
    return std::make_unique<SeparableConv2dOperation>(conv, name, input, output, context);
  }
  std::unique_ptr<Operation> operator()(const Dense&) const {
    if (LargeDenseOperation::pays(input, output)) {
      return std::make_unique<LargeDenseOperation>(name, input, output, context);
    }
    return std::make_unique<DenseOperation>(name, input, output, context);
  }
  std::unique_ptr<Operation> operator()(const GlobalAveragePool2d&) const {
    return std::make_unique<AveragePoolOperation>(input);
  }
  std::unique_ptr<Operation> operator()(const Flatten&) const {
    return std::make_unique<FlattenOperation>(input, output);
  }
  std::unique_ptr<Operation> operator()(const ZeroPadding2d& pad) const {
    return std::make_unique<ZeroPaddingOperation>(pad, input, output);
  }
  std::unique_ptr<Operation> operator()(const Rescaling& rescaling) const {
    return std::make_unique<ScaleOperation>(rescaling, input);
  }
  std::unique_ptr<Operation> operator()(const Normalization&) const {
    return std::make_unique<ScaleOperation>(context.parameters.find(name + "/mean"),
                                            context.parameters.find(name + "/variance"), input);
  }
  std::unique_ptr<Operation> operator()(const auto&) const {
    throw Error(ExitCode::software, "layer '" + name + "': is no operation of its own");
  }
};

}  // namespace

// One channel has no lanes to fill: height x width is what kernels for first layers read, and ImageGradient.
bool takes_image(const Layer& layer, const FeatureShape& image) {
  const auto* conv = std::get_if<Conv2d>(&layer.kind);
  return image.channels == 1 && conv && conv->stride == 1 && conv->padding == Padding::same && conv->bias;
}

std::unique_ptr<Operation> make_operation(const Layer& layer, const FeatureShape& input,
                                          const FeatureShape& output, const OperationContext& context) {
  return std::visit(Maker{layer.name, input, output, context}, layer.kind);
}

std::unique_ptr<Operation> make_copy(const FeatureShape& shape, const OperationContext& context) {
  return std::make_unique<CopyOperation>(shape, context);
}

}  // namespace earshot
