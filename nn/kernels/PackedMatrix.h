// PackedMatrix: a matrix laid out for rows to be multiplied by it, every sum in one order whatever is computed along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace earshot {

/// Rows of channels, as the loops of our own take them: whole vectors of 16 values, the last filled up with zeros.
struct RowShape {
  std::size_t values = 0;

  std::size_t padded() const noexcept { return (values + 15) / 16 * 16; }
  /// From one row to the next. Rows that begin a multiple of 4 KiB apart would compete for few places in the cache.
  std::size_t stride() const noexcept { return padded() + (padded() % 256 == 0 ? 16 : 0); }
};

/// What a PackedMatrix is made of.
struct MatrixValues {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::span<const float> weights;  ///< (outputs, inputs)
  std::span<const float> bias;     ///< (outputs), or empty
  /// (outputs), or empty. If given, the weights are whole numbers of 16 bits times these, and are kept as such: half the
  /// memory to read, a fifth more to compute. For matrices that few rows at a time are multiplied by.
  std::span<const double> steps;

  /// Floats of memory that the matrix takes.
  std::size_t packed_floats() const noexcept;
};

/// Immutable: any number of threads may use one.
class PackedMatrix {
 public:
  /// `place`: values.packed_floats() zeros that outlive it, at a cache line; matrices that are used one after the other
  /// lie best one behind the other, on huge pages.
  PackedMatrix(const MatrixValues& values, float* place);

  std::size_t inputs() const noexcept { return inputs_; }
  RowShape output() const noexcept { return {outputs_}; }

  /// real-time: `count` rows of `in`, `in_stride` apart, times the matrix, plus bias, then y or `slope` y below 0 ->
  /// rows of output().padded() values, `out_stride` apart. Strides are multiples of 8; all begin at cache lines.
  /// Each output is bias + in[0] w[0] + in[1] w[1] + ..., added in this order, or (in[0] n[0] + in[1] n[1] + ...) step +
  /// bias: neither other rows nor other outputs, nor how many there are, change its bits.
  void multiply(const float* in, std::size_t in_stride, std::size_t count, float slope, float* out,
                std::size_t out_stride) const noexcept;

 private:
  std::size_t inputs_;
  std::size_t outputs_;
  const float* bias_;      ///< by output, padded
  const float* steps_;     ///< by output, padded, over 2^16; null: floats
  const float* weights_;   ///< [panel of 16 outputs][input][output of the panel]
  const std::int32_t* numbers_;  ///< the same, two of a panel's outputs (o, o + 8) in the halves of a word
};

}  // namespace earshot
