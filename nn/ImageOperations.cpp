#include "nn/ImageOperations.h"

#include <algorithm>

namespace earshot {
namespace {

dnnl::reorder::primitive_desc copy_of(const ActivationShape& shape, bool from_image) {
  const auto from = from_image ? onednn::f32(shape.dims(), dnnl::memory::format_tag::nhwc) : shape.desc();
  return onednn::reorder(from, shape.desc());
}

Call call_of(const dnnl::reorder::primitive_desc& copy, std::size_t workers) {
  return {dnnl::reorder(copy),
          copy.scratchpad_desc(),
          {{DNNL_ARG_FROM, copy.src_desc()}, {DNNL_ARG_TO, copy.dst_desc()}},
          workers};
}

}  // namespace

void AveragePoolOperation::forward(Worker&, const float* input, float* output) {
  const auto lanes = static_cast<std::size_t>(input_.lanes);
  const float factor = 1.0F / static_cast<float>(input_.pixels());
  for (std::size_t block = 0; block < input_.blocks(); ++block) {
    const float* pixel = input + block * input_.pixels() * lanes;
    float* mean = output + block * lanes;
    std::fill_n(mean, lanes, 0.0F);
    for (std::size_t p = 0; p < input_.pixels(); ++p, pixel += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane) mean[lane] += pixel[lane];
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) mean[lane] *= factor;
  }
}

void AveragePoolOperation::backward(Worker&, const float*, const float* output_gradient,
                                    float* input_gradient) {
  if (input_gradient == nullptr) return;
  const auto lanes = static_cast<std::size_t>(input_.lanes);
  const float factor = 1.0F / static_cast<float>(input_.pixels());
  float* pixel = input_gradient;
  for (std::size_t block = 0; block < input_.blocks(); ++block) {
    const float* mean = output_gradient + block * lanes;
    for (std::size_t p = 0; p < input_.pixels(); ++p, pixel += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane) pixel[lane] = mean[lane] * factor;
    }
  }
}

CopyOperation::CopyOperation(const FeatureShape& shape, const OperationContext& context)
    : shape_(shape), copy_(call_of(copy_of(shape_, context.from_image), context.workers)) {}

void CopyOperation::forward(Worker& worker, const float* input, float* output) {
  copy_.bind(worker.index, DNNL_ARG_FROM, input);
  copy_.bind(worker.index, DNNL_ARG_TO, output);
  copy_.run(worker);
}

void CopyOperation::backward(Worker&, const float*, const float* output_gradient, float* input_gradient) {
  if (input_gradient != nullptr) std::copy_n(output_gradient, shape_.floats(), input_gradient);
}

}  // namespace earshot
