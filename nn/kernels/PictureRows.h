// PictureRows: pixels of a convolution's output, each a row of what it is computed from or of what it becomes.
#pragma once

#include <cstddef>
#include <span>

#include "nn/kernels/Dnnl.h"
#include "nn/kernels/PackedMatrix.h"

namespace earshot {

/// A convolution's window over pictures of height x width pixels, each a row of `channels`; outside lie zeros.
/// Pixels of the output are counted row by row, and on from one picture to the next.
struct PictureWindow {
  std::size_t height = 1;
  std::size_t width = 1;
  RowShape channels;
  std::size_t out_height = 1;
  std::size_t out_width = 1;
  std::size_t size = 1;
  std::size_t stride = 1;
  std::size_t pad_top = 0;
  std::size_t pad_left = 0;

  std::size_t pixels() const noexcept { return height * width; }
  std::size_t out_pixels() const noexcept { return out_height * out_width; }
};

/// real-time: what the windows of the pixels `first` to first + count - 1 see, (size, size, channels) -> rows,
/// `out_stride` apart. `pictures`: channels.values a pixel without gaps, as features lie.
void copy_windows(const PictureWindow& window, const float* pictures, std::size_t first, std::size_t count,
                  float* out, std::size_t out_stride) noexcept;

/// real-time: the mean of each picture's pixels, added in their order -> a row each, `out_stride` apart, of the
/// pictures `first` to first + count - 1. `pictures`: rows of window.channels.
void average_pixels(const PictureWindow& window, const float* pictures, std::size_t first, std::size_t count,
                    float* out, std::size_t out_stride) noexcept;

/// A depthwise convolution. Immutable: any number of threads may use one.
class DepthwiseKernel {
 public:
  DepthwiseKernel() = default;
  /// `weights` (channels, size, size), `bias` (channels) or empty.
  DepthwiseKernel(const PictureWindow& window, std::span<const float> weights, std::span<const float> bias);

  /// real-time: the pixels `first` to first + count - 1 of the output, y or `slope` y below 0 -> rows of
  /// channels.padded() values, `out_stride` apart. `pictures`: rows of window.channels. Each value is its bias and
  /// then its taps, row by row.
  void apply(const float* pictures, std::size_t first, std::size_t count, float slope, float* out,
             std::size_t out_stride) const noexcept;

 private:
  PictureWindow window_;
  onednn::Buffer weights_;  ///< [tap][channel], padded
  onednn::Buffer bias_;     ///< by channel, padded
  onednn::Buffer zeros_;    ///< a pixel outside
};

}  // namespace earshot
