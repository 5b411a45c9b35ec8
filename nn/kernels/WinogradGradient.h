// WinogradGradient: the gradient of a 3x3 convolution's kernel with a quarter of the multiplications, beside
// WinogradConvolution.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nn/kernels/WinogradConvolution.h"

namespace earshot {

/// The kernel's gradient is linear in the products of transformed patches and transformed output gradients,
/// so they are summed over all samples first and transformed back once: with WinogradTiles.h's matrices, G^T
/// (sum of (B^T patch B) * (A gradient A^T)) G.
class WinogradGradient {
 public:
  /// Of the convolution; what follows it does not matter.
  using Config = WinogradConvolution::Config;
  explicit WinogradGradient(const Config& config);

  /// Sums of all threads become zero.
  void clear();
  /// One sample's activation and the gradient of the convolution's output, laid out with 8 lanes. No two
  /// calls at a time may have the same `thread`.
  void add(std::size_t thread, const float* input, const float* output_gradient) noexcept;
  /// The threads' sums in their order -> `kernel_gradient` (3, 3, inputs, filters), `bias_gradient`
  /// (filters).
  void collect(std::span<float> kernel_gradient, std::span<float> bias_gradient);

 private:
  Config config_;
  std::vector<onednn::Buffer> sums_;       ///< by thread: [point][input][filter]
  std::vector<onednn::Buffer> bias_sums_;  ///< by thread and filter
  std::vector<onednn::Buffer> scratch_;    ///< by thread: a block of tiles, patches and gradients
};

}  // namespace earshot
