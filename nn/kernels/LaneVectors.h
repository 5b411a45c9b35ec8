// LaneVectors: one pixel of one channel block as a vector, and the functions that activations need of it.
// Inside EARSHOT_CLONES functions each becomes what the processor has.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dsp/base/FunctionClones.h"

namespace earshot {

template <int Lanes>
struct Vectors;
template <>
struct Vectors<4> {
  typedef float Float __attribute__((vector_size(16), may_alias));
  typedef std::uint32_t Bits __attribute__((vector_size(16), may_alias));
  typedef std::int32_t Mask __attribute__((vector_size(16), may_alias));
  typedef std::uint16_t Halves __attribute__((vector_size(8), may_alias));
};
template <>
struct Vectors<8> {
  typedef float Float __attribute__((vector_size(32), may_alias));
  typedef std::uint32_t Bits __attribute__((vector_size(32), may_alias));
  typedef std::int32_t Mask __attribute__((vector_size(32), may_alias));
  typedef std::uint16_t Halves __attribute__((vector_size(16), may_alias));
};
template <>
struct Vectors<16> {
  typedef float Float __attribute__((vector_size(64), may_alias));
  typedef std::uint32_t Bits __attribute__((vector_size(64), may_alias));
  typedef std::int32_t Mask __attribute__((vector_size(64), may_alias));
  typedef std::uint16_t Halves __attribute__((vector_size(32), may_alias));
};

template <int Lanes>
using Float = typename Vectors<Lanes>::Float;

template <int Lanes>
EARSHOT_INLINE const Float<Lanes>& at(const float* data, std::size_t vector = 0) {
  return *reinterpret_cast<const Float<Lanes>*>(data + vector * Lanes);
}
template <int Lanes>
EARSHOT_INLINE Float<Lanes>& at(float* data, std::size_t vector = 0) {
  return *reinterpret_cast<Float<Lanes>*>(data + vector * Lanes);
}

template <int Lanes>
EARSHOT_INLINE void store(float* data, std::size_t vector, const Float<Lanes>& values) {
  at<Lanes>(data, vector) = values;
}

template <int Lanes>
EARSHOT_INLINE void add_to(double* sums, const Float<Lanes>& values) {
  for (int lane = 0; lane < Lanes; ++lane) sums[lane] += static_cast<double>(values[lane]);
}

/// `values` becomes exp(values) within 2 units in the last place; beyond +-87 it stands still. The argument
/// is split into n ln 2 + r (Cody and Waite 1980), exp(r) is its Taylor series to the seventh power.
template <int Lanes>
EARSHOT_INLINE void exponentiate(Float<Lanes>& values) {
  using Mask = typename Vectors<Lanes>::Mask;
  Float<Lanes> x = values < -87.0F ? Float<Lanes>{} - 87.0F : values;
  x = x > 87.0F ? Float<Lanes>{} + 87.0F : x;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves a whole number in the low bits
  const Float<Lanes> shifted = x * 1.44269504F + kRound;
  const Float<Lanes> n = shifted - kRound;
  const Float<Lanes> r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  Float<Lanes> p = r * (1.0F / 5040.0F) + (1.0F / 720.0F);
  p = p * r + (1.0F / 120.0F);
  p = p * r + (1.0F / 24.0F);
  p = p * r + (1.0F / 6.0F);
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const Mask exponent = __builtin_convertvector(n, Mask) << 23;
  values = reinterpret_cast<const Float<Lanes>&>(
      static_cast<const Mask&>(reinterpret_cast<const Mask&>(p) + exponent));
}

/// `values` becomes 1 / (1 + exp(-values)).
template <int Lanes>
EARSHOT_INLINE void apply_sigmoid(Float<Lanes>& values) {
  Float<Lanes> e = -values;
  exponentiate<Lanes>(e);
  values = 1.0F / (1.0F + e);
}

}  // namespace earshot
