// CaptureMemory: what the process that records a device and the daemon share.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "daemon/capture/SpscRing.h"

namespace earshot {

/// The recording side writes all of it but what RingIndices says is the consumer's. Zeros are the beginning.
struct CaptureMemory {
  static constexpr std::size_t kCells = std::size_t{1} << 19;  // 11 s at 48 kHz, 2.7 s at 192

  RingIndices indices;
  std::atomic<std::int64_t> last_taken_ns{0};  ///< when the last callback came, by the BootClock; set before its samples
  std::atomic<std::uint64_t> bad_samples{0};   ///< NaN and infinite ones so far, taken as 0
  std::array<float, kCells> cells{};
};

}  // namespace earshot
