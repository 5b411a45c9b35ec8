#include "nn/training/ImageOperations.h"

#include <algorithm>

#include "nn/model/Weights.h"

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

std::size_t ZeroPaddingOperation::offset(std::size_t block, std::size_t row) const {
  const auto height = static_cast<std::size_t>(output_.height);
  const auto width = static_cast<std::size_t>(output_.width);
  const std::size_t first = (block * height + row + static_cast<std::size_t>(layer_.top)) * width;
  return (first + static_cast<std::size_t>(layer_.left)) * static_cast<std::size_t>(output_.lanes);
}

void ZeroPaddingOperation::forward(Worker&, const float* input, float* output) {
  std::fill_n(output, output_.floats(), 0.0F);
  const std::size_t row_floats = static_cast<std::size_t>(input_.width * input_.lanes);
  for (std::size_t block = 0; block < input_.blocks(); ++block) {
    for (std::size_t row = 0; row < static_cast<std::size_t>(input_.height); ++row, input += row_floats) {
      std::copy_n(input, row_floats, output + offset(block, row));
    }
  }
}

void ZeroPaddingOperation::backward(Worker&, const float*, const float* output_gradient,
                                    float* input_gradient) {
  if (input_gradient == nullptr) return;
  const std::size_t row_floats = static_cast<std::size_t>(input_.width * input_.lanes);
  for (std::size_t block = 0; block < input_.blocks(); ++block) {
    for (std::size_t row = 0; row < static_cast<std::size_t>(input_.height); ++row) {
      std::copy_n(output_gradient + offset(block, row), row_floats, input_gradient);
      input_gradient += row_floats;
    }
  }
}

template <class Visit>
void FlattenOperation::for_each_run(Visit visit) const {
  const auto lanes = static_cast<std::size_t>(input_.lanes);
  const auto channels = static_cast<std::size_t>(input_.channels);
  for (std::size_t block = 0; block < input_.blocks(); ++block) {
    const std::size_t run = std::min(lanes, channels - block * lanes);
    for (std::size_t pixel = 0; pixel < input_.pixels(); ++pixel) {
      visit((block * input_.pixels() + pixel) * lanes, pixel * channels + block * lanes, run);
    }
  }
}

void FlattenOperation::forward(Worker&, const float* input, float* output) {
  for_each_run([&](std::size_t from, std::size_t to, std::size_t run) {
    std::copy_n(input + from, run, output + to);
  });
  std::fill(output + output_.channels, output + output_.padded_channels(), 0.0F);
}

void FlattenOperation::backward(Worker&, const float*, const float* output_gradient, float* input_gradient) {
  if (input_gradient == nullptr) return;
  if (input_.padded_channels() != static_cast<std::size_t>(input_.channels)) {
    std::fill_n(input_gradient, input_.floats(), 0.0F);
  }
  for_each_run([&](std::size_t to, std::size_t from, std::size_t run) {
    std::copy_n(output_gradient + from, run, input_gradient + to);
  });
}

ScaleOperation::ScaleOperation(const Rescaling& layer, const FeatureShape& shape)
    : shape_(shape), scale_(shape_.padded_channels(), 0.0F), offset_(shape_.padded_channels(), 0.0F) {
  for (std::size_t c = 0; c < static_cast<std::size_t>(shape_.channels); ++c) {
    scale_[c] = layer.scale[layer.scale.size() == 1 ? 0 : c];
    offset_[c] = layer.offset;
  }
}

ScaleOperation::ScaleOperation(const Parameter& mean, const Parameter& variance, const FeatureShape& shape)
    : shape_(shape),
      mean_(mean),
      variance_(variance),
      scale_(shape_.padded_channels(), 0.0F),
      offset_(shape_.padded_channels(), 0.0F) {}

void ScaleOperation::load_parameters(bool) {
  for (std::size_t c = 0; c < mean_.value.size(); ++c) {
    scale_[c] = 1.0F / normalization_deviation(variance_.value[c]);
    offset_[c] = -mean_.value[c] * scale_[c];
  }
}

void ScaleOperation::forward(Worker&, const float* input, float* output) {
  const auto lanes = static_cast<std::size_t>(shape_.lanes);
  for (std::size_t block = 0; block < shape_.blocks(); ++block) {
    const float* scale = &scale_[block * lanes];
    const float* offset = &offset_[block * lanes];
    for (std::size_t pixel = 0; pixel < shape_.pixels(); ++pixel, input += lanes, output += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane)
        output[lane] = input[lane] * scale[lane] + offset[lane];
    }
  }
}

void ScaleOperation::backward(Worker&, const float*, const float* output_gradient, float* input_gradient) {
  if (input_gradient == nullptr) return;
  const auto lanes = static_cast<std::size_t>(shape_.lanes);
  for (std::size_t block = 0; block < shape_.blocks(); ++block) {
    const float* scale = &scale_[block * lanes];
    for (std::size_t pixel = 0; pixel < shape_.pixels(); ++pixel) {
      for (std::size_t lane = 0; lane < lanes; ++lane)
        input_gradient[lane] = output_gradient[lane] * scale[lane];
      output_gradient += lanes;
      input_gradient += lanes;
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
