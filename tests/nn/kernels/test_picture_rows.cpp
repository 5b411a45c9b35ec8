// Windows copied, depthwise convolutions and means against their definitions, in any part of the pixels.
#include "nn/kernels/PictureRows.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/KeyedRandom.h"

namespace earshot::test {
namespace {

constexpr std::size_t kPictures = 2;

PictureWindow window_for(std::size_t height, std::size_t width, std::size_t channels, std::size_t size,
                         std::size_t stride, std::size_t pad, std::size_t pad_after) {
  return {.height = height,
          .width = width,
          .channels = {channels},
          .out_height = (height + pad + pad_after - size) / stride + 1,
          .out_width = (width + pad + pad_after - size) / stride + 1,
          .size = size,
          .stride = stride,
          .pad_top = pad,
          .pad_left = pad};
}

// Odd ones, windows that see more padding than picture, strides beyond the size.
std::vector<PictureWindow> windows_of_all_kinds(std::size_t channels) {
  return {window_for(6, 4, channels, 3, 1, 1, 1), window_for(12, 9, channels, 3, 2, 0, 1),
          window_for(1, 1, channels, 3, 1, 1, 1), window_for(3, 2, channels, 3, 1, 1, 1),
          window_for(7, 5, channels, 5, 2, 2, 2), window_for(5, 13, channels, 1, 1, 0, 0),
          window_for(4, 4, channels, 1, 3, 1, 1), window_for(9, 9, channels, 3, 3, 2, 2)};
}

// kPictures pictures of rows `stride` apart.
onednn::Buffer random_pictures(const PictureWindow& window, std::size_t stride) {
  onednn::Buffer pictures(kPictures * window.pixels() * stride * sizeof(float));
  KeyedRandom random(window.pixels());
  for (std::size_t pixel = 0; pixel < kPictures * window.pixels(); ++pixel) {
    for (std::size_t c = 0; c < window.channels.values; ++c)
      pictures.floats()[pixel * stride + c] = static_cast<float>(random.uniform(-1.0, 1.0));
  }
  return pictures;
}

// What the tap of an output's pixel sees of a channel.
float seen(const PictureWindow& window, const onednn::Buffer& pictures, std::size_t stride, std::size_t pixel,
           std::size_t row, std::size_t column, std::size_t channel) {
  const std::size_t within = pixel % window.out_pixels();
  const auto y = static_cast<std::ptrdiff_t>(within / window.out_width * window.stride + row) -
                 static_cast<std::ptrdiff_t>(window.pad_top);
  const auto x = static_cast<std::ptrdiff_t>(within % window.out_width * window.stride + column) -
                 static_cast<std::ptrdiff_t>(window.pad_left);
  if (y < 0 || x < 0 || y >= static_cast<std::ptrdiff_t>(window.height) ||
      x >= static_cast<std::ptrdiff_t>(window.width))
    return 0.0F;
  const std::size_t at = pixel / window.out_pixels() * window.pixels() +
                         static_cast<std::size_t>(y) * window.width + static_cast<std::size_t>(x);
  return pictures.floats()[at * stride + channel];
}

}  // namespace

TEST_CASE("a copied window is what the window sees, zeros outside the picture") {
  for (const std::size_t channels : {std::size_t{1}, std::size_t{3}}) {
    for (const PictureWindow& window : windows_of_all_kinds(channels)) {
      const onednn::Buffer pictures = random_pictures(window, channels);
      const std::size_t values = window.size * window.size * channels;
      const std::size_t pixels = kPictures * window.out_pixels();
      const std::size_t first = pixels / 3;
      std::vector<float> rows((pixels - first) * values, 9.0F);
      copy_windows(window, pictures.floats(), first, pixels - first, rows.data(), values);
      bool equal = true;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t tap = i % values / channels;
        equal = equal && rows[i] == seen(window, pictures, channels, first + i / values, tap / window.size,
                                         tap % window.size, i % channels);
      }
      INFO(window.height << " x " << window.width << ", size " << window.size << ", stride " << window.stride);
      CHECK(equal);
    }
  }
}

TEST_CASE("a depthwise convolution is the sum of its taps, the same bits in any part of the pixels") {
  for (const std::size_t channels : {std::size_t{5}, std::size_t{32}, std::size_t{256}}) {
    for (const PictureWindow& window : windows_of_all_kinds(channels)) {
      const std::size_t stride = window.channels.stride();
      const onednn::Buffer pictures = random_pictures(window, stride);
      const std::size_t taps = window.size * window.size;
      KeyedRandom random(channels);
      std::vector<float> weights(channels * taps);
      std::vector<float> bias(channels);
      for (float& value : weights) value = static_cast<float>(random.uniform(-1.0, 1.0));
      for (float& value : bias) value = static_cast<float>(random.uniform(-1.0, 1.0));
      const DepthwiseKernel kernel(window, weights, bias);
      const std::size_t pixels = kPictures * window.out_pixels();
      const onednn::Buffer whole(pixels * stride * sizeof(float));
      kernel.apply(pictures.floats(), 0, pixels, 0.5F, whole.floats(), stride);
      double worst = 0.0;
      for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
        for (std::size_t c = 0; c < channels; ++c) {
          double sum = static_cast<double>(bias[c]);
          for (std::size_t tap = 0; tap < taps; ++tap)
            sum += static_cast<double>(weights[c * taps + tap]) *
                   static_cast<double>(
                       seen(window, pictures, stride, pixel, tap / window.size, tap % window.size, c));
          if (sum < 0.0) sum *= 0.5;
          worst = std::max(worst, std::abs(sum - static_cast<double>(whole.floats()[pixel * stride + c])));
        }
      }
      INFO(channels << " channels, " << window.height << " x " << window.width << ", size " << window.size
                    << ", stride " << window.stride);
      CHECK(worst <= 1e-5);
      for (std::size_t first = 0; first < pixels; first += 2) {
        const std::size_t count = std::min<std::size_t>(3, pixels - first);
        const onednn::Buffer part(count * stride * sizeof(float));
        kernel.apply(pictures.floats(), first, count, 0.5F, part.floats(), stride);
        for (std::size_t i = 0; i < count; ++i)
          CHECK(std::equal(part.floats() + i * stride, part.floats() + i * stride + channels,
                           whole.floats() + (first + i) * stride));
      }
    }
  }
}

TEST_CASE("a mean over pixels is theirs alone") {
  const PictureWindow window = window_for(3, 2, 20, 1, 1, 0, 0);
  const std::size_t stride = window.channels.stride();
  const onednn::Buffer pictures = random_pictures(window, stride);
  const onednn::Buffer means(kPictures * stride * sizeof(float));
  average_pixels(window, pictures.floats(), 0, kPictures, means.floats(), stride);
  for (std::size_t picture = 0; picture < kPictures; ++picture) {
    for (std::size_t c = 0; c < 20; ++c) {
      double sum = 0.0;
      for (std::size_t p = 0; p < 6; ++p)
        sum += static_cast<double>(pictures.floats()[(picture * 6 + p) * stride + c]);
      CHECK(static_cast<double>(means.floats()[picture * stride + c]) == Approx(sum / 6.0).margin(1e-6));
    }
  }
}

}  // namespace earshot::test
