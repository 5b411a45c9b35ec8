// Lanes: one float of each of four STFT frames, in one SIMD register that every x86-64 and AArch64 has.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

namespace earshot {

/// Frames that are computed side by side. No operation mixes lanes, so a frame gives the same bits whatever
/// its neighbours are.
inline constexpr std::size_t kLanes = 4;

/// A GCC and Clang vector; arithmetic is lane by lane.
using LaneVector = float __attribute__((vector_size(kLanes * sizeof(float))));

inline LaneVector load_lanes(const float* from) noexcept {
  LaneVector lanes;
  std::memcpy(&lanes, from, sizeof(lanes));
  return lanes;
}

inline void store_lanes(LaneVector lanes, float* to) noexcept {
  std::memcpy(to, &lanes, sizeof(lanes));
}

/// Four consecutive values of each of four rows -> four rows of each value: result[i][j] = rows[j][i].
inline std::array<LaneVector, kLanes> transpose_lanes(const std::array<LaneVector, kLanes>& rows) noexcept {
  const LaneVector low01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const LaneVector high01 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const LaneVector low23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const LaneVector high23 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  return {__builtin_shufflevector(low01, low23, 0, 1, 4, 5),
          __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
          __builtin_shufflevector(high01, high23, 0, 1, 4, 5),
          __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
}

}  // namespace earshot
