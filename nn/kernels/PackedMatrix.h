// PackedMatrix: a matrix laid out for rows to be multiplied by it, every sum in one order whatever is computed along.
#pragma once

#include <cstddef>
#include <span>

namespace earshot {

/// Rows of channels, as the loops of our own take them: whole vectors of 16 values, the last filled up with zeros.
struct RowShape {
  std::size_t values = 0;

  std::size_t padded() const noexcept { return (values + 15) / 16 * 16; }
  /// From one row to the next. Rows that begin a multiple of 4 KiB apart would compete for few places in the cache.
  std::size_t stride() const noexcept { return padded() + (padded() % 256 == 0 ? 16 : 0); }
};

/// Immutable: any number of threads may use one.
class PackedMatrix {
 public:
  /// What a matrix takes of the memory that it is handed.
  static std::size_t floats(std::size_t inputs, std::size_t outputs) noexcept {
    return (inputs + 1) * RowShape{outputs}.padded();
  }

  /// `weights` (outputs, inputs), `bias` (outputs) or empty. `place`: floats() zeros that outlive it, at a cache line;
  /// matrices that are used one after the other lie best one behind the other, on huge pages.
  PackedMatrix(std::span<const float> weights, std::span<const float> bias, std::size_t inputs, std::size_t outputs,
               float* place);

  std::size_t inputs() const noexcept { return inputs_; }
  RowShape output() const noexcept { return {outputs_}; }

  /// real-time: `count` rows of `in`, `in_stride` apart, times the matrix, plus bias, then y or `slope` y below 0 ->
  /// rows of output().padded() values, `out_stride` apart. Strides are multiples of 8; all begin at cache lines.
  /// Each output is bias + in[0] w[0] + in[1] w[1] + ..., added in this order: neither other rows nor other outputs,
  /// nor how many there are, change its bits.
  void multiply(const float* in, std::size_t in_stride, std::size_t count, float slope, float* out,
                std::size_t out_stride) const noexcept;

 private:
  std::size_t inputs_;
  std::size_t outputs_;
  const float* bias_;     ///< by output, padded
  const float* weights_;  ///< [panel of 16 outputs][input][output of the panel]
};

}  // namespace earshot
