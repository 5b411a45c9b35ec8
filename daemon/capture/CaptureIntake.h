// CaptureIntake: what the callback of a device does: mixes frames, writes the ring, notes what was lost.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "daemon/capture/SpscRing.h"
#include "dsp/audio/FrameMixer.h"

namespace earshot {

/// One thread, the callback's, takes; another one reads the ring and asks the rest.
class CaptureIntake {
 public:
  using Clock = std::chrono::steady_clock;

  /// Allocates. `channel` from 1, or nothing for the mean of all.
  CaptureIntake(int rate_hz, std::size_t channels, std::optional<int> channel);

  /// The device has begun at `now`: opening it may have taken long. Before the first take().
  void restart_clock(Clock::time_point now) noexcept;

  /// real-time: wait-free; `frames` x channels interleaved samples that came at `now`. `overflowed`: some
  /// were lost before them.
  void take(const float* interleaved, std::size_t frames, bool overflowed, Clock::time_point now) noexcept;

  SpscRing& ring() noexcept { return ring_; }
  int rate_hz() const noexcept { return rate_hz_; }
  /// NaN and infinite samples, taken as 0, since the last call.
  std::uint64_t take_bad_samples() noexcept { return bad_samples_.exchange(0, std::memory_order_relaxed); }
  /// Whether the last frames came not long before `now`.
  bool is_fed(Clock::time_point now) const noexcept;

 private:
  std::uint64_t lost_samples(Clock::time_point now, std::size_t came) const noexcept;
  Clock::time_point last_taken() const noexcept;

  int rate_hz_;
  std::size_t channels_;
  FrameMixer mixer_;
  SpscRing ring_;
  std::atomic<Clock::rep> last_taken_;  // lone statistics: relaxed
  std::atomic<std::uint64_t> bad_samples_{0};
};

}  // namespace earshot
