#include "nn/kernels/ImageGradient.h"

#include <algorithm>
#include <cstddef>

#include "nn/kernels/LaneVectors.h"

namespace earshot {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kChains = 4;  // sums that do not wait for each other

using Pixel = Float<kLanes>;

/// sum += values[i] x gradients[i].
EARSHOT_INLINE void add_products(const float* values, const float* gradients, std::size_t count, Pixel& sum) {
  Pixel chains[kChains] = {};
  std::size_t i = 0;
  for (; i + kChains <= count; i += kChains) {
    for (std::size_t c = 0; c < kChains; ++c)
      chains[c] += values[i + c] * at<kLanes>(gradients + (i + c) * kLanes);
  }
  for (; i < count; ++i) chains[0] += values[i] * at<kLanes>(gradients + i * kLanes);
  sum += (chains[0] + chains[1]) + (chains[2] + chains[3]);
}

struct Pass {
  std::size_t kernel, height, width, blocks;
};

// Row by row, so that a row of gradients stays in the cache while every tap reads it.
EARSHOT_CLONES void run(const Pass& pass, const float* image, const float* output_gradient,
                        float* kernel_gradient, float* bias_gradient) {
  const std::size_t before = (pass.kernel - 1) / 2;
  const std::size_t taps = pass.kernel * pass.kernel;
  for (std::size_t block = 0; block < pass.blocks; ++block) {
    float* sums = kernel_gradient + block * taps * kLanes;
    std::fill_n(sums, taps * kLanes, 0.0F);
    Pixel bias_sum{};
    for (std::size_t y = 0; y < pass.height; ++y) {
      const float* gradients = output_gradient + (block * pass.height + y) * pass.width * kLanes;
      Pixel row_sum{};
      for (std::size_t x = 0; x < pass.width; ++x) row_sum += at<kLanes>(gradients + x * kLanes);
      bias_sum += row_sum;
      for (std::size_t row = 0; row < pass.kernel; ++row) {
        if (y + row < before || y + row - before >= pass.height) continue;
        for (std::size_t column = 0; column < pass.kernel; ++column) {
          // Outputs whose input under this tap lies within the image.
          const std::size_t first = column < before ? before - column : 0;
          const std::size_t beyond = column > before ? column - before : 0;
          const std::size_t end = pass.width - std::min(pass.width, beyond);
          if (first >= end) continue;
          const float* values = image + (y + row - before) * pass.width + first + column - before;
          add_products(values, gradients + first * kLanes, end - first,
                       at<kLanes>(sums + (row * pass.kernel + column) * kLanes));
        }
      }
    }
    at<kLanes>(bias_gradient + block * kLanes) = bias_sum;
  }
}

}  // namespace

dnnl::memory::desc ImageGradient::desc() const {
  return onednn::f32({output.channels, 1, kernel, kernel}, dnnl::memory::format_tag::Ohwi8o);
}

void ImageGradient::compute(const float* image, const float* output_gradient, float* kernel_gradient,
                            float* bias_gradient) const {
  run({.kernel = static_cast<std::size_t>(kernel),
       .height = static_cast<std::size_t>(output.height),
       .width = static_cast<std::size_t>(output.width),
       .blocks = output.blocks()},
      image, output_gradient, kernel_gradient, bias_gradient);
}

}  // namespace earshot
