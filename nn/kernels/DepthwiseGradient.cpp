#include "nn/kernels/DepthwiseGradient.h"

#include <algorithm>

#include "nn/kernels/LaneVectors.h"

namespace earshot {
namespace {

/// Output positions first .. end - 1 of an axis whose tap lies inside the input.
struct Range {
  int first;
  int end;
};
Range inside(int tap, int pad, int stride, int input, int output) {
  const int offset = tap - pad;  // input position = position * stride + offset
  const int first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const int end = offset >= input ? 0 : (input - 1 - offset) / stride + 1;
  return {first, std::min(end, output)};
}

template <int Lanes>
EARSHOT_INLINE void add_tap(const DepthwiseGradient& task, int row, int column, const float* input,
                            const float* gradient, float* sum) {
  const Range rows = inside(row, task.pad_top, task.stride, task.input.height, task.output.height);
  const Range columns = inside(column, task.pad_left, task.stride, task.input.width, task.output.width);
  const auto stride = static_cast<std::size_t>(task.stride);
  Float<Lanes> total{};
  for (int y = rows.first; y < rows.end; ++y) {
    const int in_row = y * task.stride + row - task.pad_top;
    const int in_column = columns.first * task.stride + column - task.pad_left;
    const auto from = static_cast<std::size_t>(in_row * task.input.width + in_column);
    const auto to = static_cast<std::size_t>(y * task.output.width + columns.first);
    const auto count = static_cast<std::size_t>(std::max(columns.end - columns.first, 0));
    Float<Lanes> row_total{};
    for (std::size_t x = 0; x < count; ++x) {
      row_total += at<Lanes>(input, from + x * stride) * at<Lanes>(gradient, to + x);
    }
    total += row_total;
  }
  at<Lanes>(sum, 0) = total;
}

template <int Lanes>
EARSHOT_INLINE void compute_all(const DepthwiseGradient& task, const float* input, const float* gradient,
                                float* kernel_gradient, float* bias_gradient) {
  for (std::size_t block = 0; block < task.input.blocks(); ++block) {
    for (int row = 0; row < task.kernel; ++row) {
      for (int column = 0; column < task.kernel; ++column, kernel_gradient += Lanes) {
        add_tap<Lanes>(task, row, column, input, gradient, kernel_gradient);
      }
    }
    if (bias_gradient != nullptr) {
      Float<Lanes> total{};
      for (std::size_t pixel = 0; pixel < task.output.pixels(); ++pixel) total += at<Lanes>(gradient, pixel);
      at<Lanes>(bias_gradient, block) = total;
    }
    input += task.input.pixels() * Lanes;
    gradient += task.output.pixels() * Lanes;
  }
}

EARSHOT_CLONES void run(const DepthwiseGradient& task, const float* input, const float* gradient,
                        float* kernel_gradient, float* bias_gradient) {
  if (task.input.lanes == 16) return compute_all<16>(task, input, gradient, kernel_gradient, bias_gradient);
  compute_all<8>(task, input, gradient, kernel_gradient, bias_gradient);
}

}  // namespace

dnnl::memory::desc DepthwiseGradient::desc() const {
  using Tag = dnnl::memory::format_tag;
  return onednn::f32({input.channels, 1, 1, kernel, kernel},
                     input.lanes == 16 ? Tag::Goihw16g : Tag::Goihw8g);
}

void DepthwiseGradient::compute(const float* input_values, const float* output_gradient,
                                float* kernel_gradient, float* bias_gradient) const {
  run(*this, input_values, output_gradient, kernel_gradient, bias_gradient);
}

}  // namespace earshot
