// WinogradConvolution: a 3x3 convolution with a quarter of the multiplications, for processors where oneDNN
// has no Winograd.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nn/kernels/Dnnl.h"

namespace earshot {

/// A 3x3 kernel wherever it lies: tap (row, column) from input i to filter o is at
/// data[o * filter + i * input + row * this->row + column * this->column].
struct KernelView {
  const float* data = nullptr;
  std::ptrdiff_t filter = 0;
  std::ptrdiff_t input = 0;
  std::ptrdiff_t row = 0;
  std::ptrdiff_t column = 0;

  /// (filters, inputs, 3, 3)
  static KernelView oihw(const float* data, int inputs) { return {data, inputs * 9, 9, 3, 1}; }
  /// (3, 3, inputs, filters), Keras' layout
  static KernelView hwio(const float* data, int inputs, int filters) {
    const std::ptrdiff_t tap = static_cast<std::ptrdiff_t>(inputs) * filters;
    return {data, 1, filters, 3 * tap, tap};
  }
  /// Of the convolution that takes gradients of the output to gradients of the input: half a turn, filters
  /// and inputs exchanged.
  KernelView transposed() const { return {data + 2 * row + 2 * column, input, filter, -row, -column}; }
};

/// Stride 1, 'same'; activations as ActivationShape lays them out with 8 lanes (nChw8c). What follows the
/// convolution is done while a tile is in registers. WinogradTiles.h says how it works.
class WinogradConvolution {
 public:
  struct Config {
    int height = 0;
    int width = 0;
    int inputs = 0;     ///< channels
    int filters = 0;    ///< channels of the output
    bool pool = false;  ///< 2x2 max pooling after it: the output is height / 2 x width / 2
    std::optional<float> slope = std::nullopt;  ///< of a LeakyReLU before the pooling, at least 0
    int threads = 1;
  };

  /// Whether this processor gains by it for kernels of kernel x kernel: it has AVX2 (and this build code for
  /// it), oneDNN has no Winograd of its own, and the channels fill a register.
  static bool pays(int kernel, int inputs);

  explicit WinogradConvolution(const Config& config);
  /// With kernel and bias of `loaded`, which has the same channels: they are shared and may not change any more.
  WinogradConvolution(const Config& config, const WinogradConvolution& loaded);

  /// `bias` (filters), or empty. Not while run() runs.
  void load(const KernelView& kernel, std::span<const float> bias);

  // `input` and `output` are one sample's activations.
  /// real-time: on all threads. The same input gives the same bits, whatever the number of threads.
  void run(const float* input, float* output) noexcept;
  /// real-time: the same on the calling thread alone; no two calls at a time may have the same `thread`.
  void run(std::size_t thread, const float* input, float* output) noexcept;

 private:
  struct Weights;
  WinogradConvolution(const Config& config, std::shared_ptr<Weights> weights);
  /// A block of tiles from `first` on, or several.
  void run_tiles(std::size_t thread, std::size_t first, std::size_t end, const float* input,
                 float* output) noexcept;

  struct Weights {
    onednn::Buffer kernel;  ///< [point][group of filters][input][lane of the group]
    onednn::Buffer bias;    ///< by filter, padded ones included
  };

  Config config_;
  std::shared_ptr<Weights> weights_;
  std::vector<onednn::Buffer> scratch_;  ///< by thread: a block of tiles, in and out
};

}  // namespace earshot
