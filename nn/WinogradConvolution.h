// WinogradConvolution: a 3x3 convolution with a quarter of the multiplications, for processors where oneDNN
// has no Winograd.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "nn/Dnnl.h"

namespace earshot {

/// Stride 1, 'same'; activations as ActivationShape lays them out with 8 lanes (nChw8c). Tiles of 4x4 outputs,
/// F(4x4, 3x3) of Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015. What follows the
/// convolution is done while a tile is in registers.
class WinogradConvolution {
 public:
  struct Config {
    int height = 0;
    int width = 0;
    int inputs = 0;   ///< channels
    int filters = 0;  ///< channels of the output
    bool pool = false;           ///< 2x2 max pooling after it: the output is height / 2 x width / 2
    std::optional<float> slope;  ///< of a LeakyReLU before the pooling, at least 0
    int threads = 1;
  };

  /// Whether this processor gains by it: it has AVX2, and oneDNN has no Winograd of its own.
  static bool pays();

  /// `kernel` (filters, inputs, 3, 3); `bias` (filters), or empty.
  WinogradConvolution(const Config& config, std::span<const float> kernel, std::span<const float> bias);

  /// real-time. The same input gives the same bits, whatever the number of threads.
  void run(const float* input, float* output) noexcept;

 private:
  void transform_kernel(std::span<const float> kernel);

  Config config_;
  std::size_t tiles_across_;
  std::size_t tiles_;
  onednn::Buffer kernel_;                ///< [point][group of filters][input][lane of the group]
  onednn::Buffer bias_;                  ///< by filter, padded ones included
  std::vector<onednn::Buffer> scratch_;  ///< by thread: a block of tiles as [point][tile][channel], in and out
};

}  // namespace earshot
