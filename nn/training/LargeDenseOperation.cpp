#include "nn/training/LargeDenseOperation.h"

#include <algorithm>

#include "dsp/base/Error.h"

namespace earshot {

bool LargeDenseOperation::pays(const FeatureShape& input, const FeatureShape& output) {
  constexpr std::size_t kKernelFloats = std::size_t{1}
                                        << 18;  // a megabyte: half of a usual second-level cache
  return static_cast<std::size_t>(input.channels) * static_cast<std::size_t>(output.channels) >=
         kKernelFloats;
}

LargeDenseOperation::LargeDenseOperation(const std::string& name, const FeatureShape& input,
                                         const FeatureShape& output, const OperationContext& context)
    : kernel_(context.parameters.find(name + "/kernel")),
      bias_(context.parameters.find(name + "/bias")),
      input_(input),
      output_(output),
      threads_(static_cast<int>(context.workers)) {}

void LargeDenseOperation::multiply_and_add_bias(std::size_t samples, const float* inputs,
                                                float* outputs) const {
  const auto units = static_cast<std::size_t>(output_.channels);
  const std::size_t stride = output_.padded_channels();
  onednn::multiply(samples, units, static_cast<std::size_t>(input_.channels),
                   {inputs, input_.padded_channels()}, {kernel_.value.data(), units}, outputs, stride);
  for (std::size_t sample = 0; sample < samples; ++sample, outputs += stride) {
    for (std::size_t unit = 0; unit < units; ++unit) outputs[unit] += bias_.value[unit];
    std::fill(outputs + units, outputs + stride, 0.0F);
  }
}

void LargeDenseOperation::forward(Worker&, const float* input, float* output) {
  multiply_and_add_bias(1, input, output);
}

void LargeDenseOperation::backward(Worker&, const float*, const float*, float*) {
  throw Error(ExitCode::software, "training: a large dense layer takes whole batches");  // takes_batch()
}

void LargeDenseOperation::forward_batch(std::size_t samples, const float* inputs, float* outputs) {
  onednn::use_threads(threads_);
  multiply_and_add_bias(samples, inputs, outputs);
  onednn::use_threads(1);
}

void LargeDenseOperation::backward_batch(std::size_t samples, const float* inputs,
                                         const float* output_gradients, float* input_gradients) {
  onednn::use_threads(threads_);
  const auto units = static_cast<std::size_t>(output_.channels);
  const auto channels = static_cast<std::size_t>(input_.channels);
  const std::size_t stride = output_.padded_channels();
  onednn::multiply(channels, units, samples, {inputs, input_.padded_channels(), true},
                   {output_gradients, stride}, kernel_.gradient.data(), units);
  std::ranges::fill(bias_.gradient, 0.0F);
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const float* gradient = output_gradients + sample * stride;
    for (std::size_t unit = 0; unit < units; ++unit) bias_.gradient[unit] += gradient[unit];
  }
  if (input_gradients != nullptr) {
    const std::size_t padded = input_.padded_channels();
    onednn::multiply(samples, channels, units, {output_gradients, stride},
                     {kernel_.value.data(), units, true}, input_gradients, padded);
    for (std::size_t sample = 0; sample < samples; ++sample) {
      std::fill(input_gradients + sample * padded + channels, input_gradients + (sample + 1) * padded, 0.0F);
    }
  }
  onednn::use_threads(1);
}

}  // namespace earshot
