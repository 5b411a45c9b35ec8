// FrameBatch: how many STFT frames travel side by side, one to a SIMD lane.
#pragma once

#include <cstddef>

namespace earshot {

/// Values of a batch lie lane by lane: [row][kBatchFrames]. No operation mixes lanes, so a frame gives the
/// same bits whatever its neighbours are.
inline constexpr std::size_t kBatchFrames = 16;

}  // namespace earshot
