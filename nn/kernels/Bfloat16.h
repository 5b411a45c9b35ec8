// Bfloat16: the upper half of a float, in which training may keep what its convolutions read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "nn/kernels/LaneVectors.h"

namespace earshot {

/// Eight bits of exponent, seven of mantissa. Nothing is computed in it: oneDNN multiplies pairs and adds
/// them up in float.
struct Bfloat16 {
  std::uint16_t bits;
};

/// `values` rounded to the nearest, ties to even; what is not a number stays so.
template <int Lanes>
EARSHOT_INLINE void store(Bfloat16* data, std::size_t vector, const Float<Lanes>& values) {
  using Bits = typename Vectors<Lanes>::Bits;
  const Bits bits = reinterpret_cast<const Bits&>(values);
  const Bits rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const Bits kept = values == values ? rounded : (bits >> 16) | 0x40U;
  using Halves = typename Vectors<Lanes>::Halves;
  *reinterpret_cast<Halves*>(data + vector * Lanes) = __builtin_convertvector(kept, Halves);
}

/// A multiple of 16 values, both where a vector of them may lie.
void round_to_bfloat16(std::span<const float> from, Bfloat16* to);

}  // namespace earshot
