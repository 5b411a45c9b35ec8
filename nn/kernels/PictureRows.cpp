#include "nn/kernels/PictureRows.h"

#include <algorithm>

#include "nn/kernels/LaneVectors.h"

namespace earshot {
namespace {

constexpr std::size_t kRowLanes = kRegisterLanes;
using RowVector = Float<static_cast<int>(kRowLanes)>;

// Taps begin to end - 1 of a window lie inside the picture.
struct Taps {
  std::size_t begin, end;

  // `before`: pixels of the window's axis, padding included, ahead of the window.
  EARSHOT_INLINE static Taps of(std::size_t before, std::size_t pad, std::size_t size, std::size_t length) {
    return {before < pad ? std::min(pad - before, size) : 0,
            before < length + pad ? std::min(length + pad - before, size) : 0};
  }
  EARSHOT_INLINE bool all(std::size_t size) const { return begin == 0 && end == size; }
};

// A pixel of the output, and what its window sees.
struct OutputPixel {
  std::size_t picture, y, x;

  EARSHOT_INLINE static OutputPixel at(const PictureWindow& window, std::size_t index) {
    const std::size_t within = index % window.out_pixels();
    return {index / window.out_pixels(), within / window.out_width, within % window.out_width};
  }
  EARSHOT_INLINE void go_on(const PictureWindow& window) {
    if (++x < window.out_width) return;
    x = 0;
    if (++y < window.out_height) return;
    y = 0;
    ++picture;
  }
  EARSHOT_INLINE Taps rows(const PictureWindow& window) const {
    return Taps::of(y * window.stride, window.pad_top, window.size, window.height);
  }
  EARSHOT_INLINE Taps columns(const PictureWindow& window) const {
    return Taps::of(x * window.stride, window.pad_left, window.size, window.width);
  }
  // Where a tap inside the picture is, in pixels from the first picture's first.
  EARSHOT_INLINE std::size_t place(const PictureWindow& window, std::size_t row, std::size_t column) const {
    return picture * window.pixels() + (y * window.stride + row - window.pad_top) * window.width +
           x * window.stride + column - window.pad_left;
  }
};

struct WindowTask {
  PictureWindow window;
  const float* pictures;
  const float* weights;
  const float* bias;
  const float* zeros;
  float slope;
  float* out;
  std::size_t out_stride;
};

EARSHOT_INLINE void store_activated(float* to, const RowVector& sum, float slope) {
  at<kRowLanes>(to) = sum > 0.0F ? sum : sum * slope;
}

constexpr std::size_t kWindowSize = 3;  // of the windows that have loops of their own

// Windows side by side, Step apart: a pixel that several see is read once. Those outside the picture are `zeros`.
template <std::size_t Pixels, std::size_t Step>
EARSHOT_INLINE void side_by_side(const WindowTask& task, const OutputPixel& pixel, float* out) {
  constexpr std::size_t kColumns = (Pixels - 1) * Step + kWindowSize;
  const PictureWindow& window = task.window;
  const std::size_t channels = window.channels.padded();
  const float* seen[kWindowSize][kColumns];
  for (std::size_t row = 0; row < kWindowSize; ++row) {
    // What lies before the first row or column wraps around, and is outside as well.
    const std::size_t y = pixel.y * window.stride + row - window.pad_top;
    for (std::size_t column = 0; column < kColumns; ++column) {
      const std::size_t x = pixel.x * window.stride + column - window.pad_left;
      const std::size_t place = pixel.picture * window.pixels() + y * window.width + x;
      const bool there = y < window.height && x < window.width;
      seen[row][column] = there ? task.pictures + place * window.channels.stride() : task.zeros;
    }
  }
  for (std::size_t c = 0; c < channels; c += kRowLanes) {
    RowVector sums[Pixels];
    for (RowVector& sum : sums) sum = at<kRowLanes>(task.bias + c);
    for (std::size_t row = 0; row < kWindowSize; ++row) {
      RowVector weights[kWindowSize];
      for (std::size_t tap = 0; tap < kWindowSize; ++tap)
        weights[tap] = at<kRowLanes>(task.weights + (row * kWindowSize + tap) * channels + c);
      for (std::size_t column = 0; column < kColumns; ++column) {
        const RowVector value = at<kRowLanes>(seen[row][column] + c);
        for (std::size_t p = 0; p < Pixels; ++p) {
          const std::size_t tap = column - p * Step;  // beyond kWindowSize where this window does not see it
          if (tap < kWindowSize) sums[p] += value * weights[tap];
        }
      }
    }
    for (std::size_t p = 0; p < Pixels; ++p) store_activated(out + p * task.out_stride + c, sums[p], task.slope);
  }
}

// As many as there are side by side in a row of the output; how many were done.
template <std::size_t Step>
EARSHOT_INLINE std::size_t some_of_a_row(const WindowTask& task, const OutputPixel& pixel, std::size_t most, float* out) {
  const std::size_t beside = std::min(most, task.window.out_width - pixel.x);
  if (beside >= 4) {
    side_by_side<4, Step>(task, pixel, out);
    return 4;
  }
  if (beside >= 2) {
    side_by_side<2, Step>(task, pixel, out);
    return 2;
  }
  side_by_side<1, Step>(task, pixel, out);
  return 1;
}

// A window of any size.
EARSHOT_INLINE void of_any_size(const WindowTask& task, const OutputPixel& pixel, const Taps& rows, const Taps& columns,
                                float* out) {
  const PictureWindow& window = task.window;
  const std::size_t channels = window.channels.padded();
  const std::size_t stride = window.channels.stride();
  for (std::size_t c = 0; c < channels; c += kRowLanes) {
    RowVector sum = at<kRowLanes>(task.bias + c);
    for (std::size_t row = rows.begin; row < rows.end; ++row) {
      for (std::size_t column = columns.begin; column < columns.end; ++column) {
        sum += at<kRowLanes>(task.pictures + pixel.place(window, row, column) * stride + c) *
               at<kRowLanes>(task.weights + (row * window.size + column) * channels + c);
      }
    }
    store_activated(out + c, sum, task.slope);
  }
}

EARSHOT_CLONES void apply_depthwise(const WindowTask& task, std::size_t first, std::size_t count) noexcept {
  const PictureWindow& window = task.window;
  OutputPixel pixel = OutputPixel::at(window, first);
  float* out = task.out;
  for (std::size_t i = 0; i < count;) {
    std::size_t done = 1;
    if (window.size != kWindowSize) {
      of_any_size(task, pixel, pixel.rows(window), pixel.columns(window), out);
    } else if (window.stride == 1) {
      done = some_of_a_row<1>(task, pixel, count - i, out);
    } else if (window.stride == 2) {
      done = some_of_a_row<2>(task, pixel, count - i, out);
    } else {
      side_by_side<1, 1>(task, pixel, out);
    }
    for (std::size_t p = 0; p < done; ++p) pixel.go_on(window);
    out += done * task.out_stride;
    i += done;
  }
}

EARSHOT_CLONES void average(const PictureWindow& window, const float* pictures, std::size_t first, std::size_t count,
                            float* out, std::size_t out_stride) noexcept {
  const std::size_t stride = window.channels.stride();
  const auto pixels = static_cast<float>(window.pixels());
  for (std::size_t i = 0; i < count; ++i) {
    const float* picture = pictures + (first + i) * window.pixels() * stride;
    for (std::size_t c = 0; c < window.channels.padded(); c += kRowLanes) {
      RowVector sum{};
      for (std::size_t p = 0; p < window.pixels(); ++p) sum += at<kRowLanes>(picture + p * stride + c);
      at<kRowLanes>(out + i * out_stride + c) = sum / pixels;
    }
  }
}

}  // namespace

void copy_windows(const PictureWindow& window, const float* pictures, std::size_t first, std::size_t count,
                  float* out, std::size_t out_stride) noexcept {
  const std::size_t channels = window.channels.values;
  OutputPixel pixel = OutputPixel::at(window, first);
  for (std::size_t i = 0; i < count; ++i, pixel.go_on(window)) {
    float* row_out = out + i * out_stride;
    const Taps rows = pixel.rows(window);
    const Taps columns = pixel.columns(window);
    if (!rows.all(window.size) || !columns.all(window.size))
      std::fill_n(row_out, window.size * window.size * channels, 0.0F);
    if (columns.begin >= columns.end) continue;
    const std::size_t values = (columns.end - columns.begin) * channels;
    for (std::size_t row = rows.begin; row < rows.end; ++row) {
      const float* from = pictures + pixel.place(window, row, columns.begin) * channels;
      float* to = row_out + (row * window.size + columns.begin) * channels;
      if (values == 3) {  // what most windows over features see: a call would cost more than it moves
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
      } else {
        std::copy_n(from, values, to);
      }
    }
  }
}

void average_pixels(const PictureWindow& window, const float* pictures, std::size_t first, std::size_t count,
                    float* out, std::size_t out_stride) noexcept {
  average(window, pictures, first, count, out, out_stride);
}

DepthwiseKernel::DepthwiseKernel(const PictureWindow& window, std::span<const float> weights,
                                 std::span<const float> bias)
    : window_(window),
      weights_(window.size * window.size * window.channels.padded() * sizeof(float)),
      bias_(window.channels.padded() * sizeof(float)),
      zeros_(window.channels.padded() * sizeof(float)) {
  const std::size_t taps = window.size * window.size;
  for (std::size_t c = 0; c < window.channels.values; ++c) {
    for (std::size_t tap = 0; tap < taps; ++tap)
      weights_.floats()[tap * window.channels.padded() + c] = weights[c * taps + tap];
  }
  std::ranges::copy(bias, bias_.floats());
}

void DepthwiseKernel::apply(const float* pictures, std::size_t first, std::size_t count, float slope, float* out,
                            std::size_t out_stride) const noexcept {
  apply_depthwise({.window = window_,
                   .pictures = pictures,
                   .weights = weights_.floats(),
                   .bias = bias_.floats(),
                   .zeros = zeros_.floats(),
                   .slope = slope,
                   .out = out,
                   .out_stride = out_stride},
                  first, count);
}

}  // namespace earshot
