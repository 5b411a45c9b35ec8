// CaptureIntake: what the callback of a device does: mixes frames, writes the ring, notes what was lost.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "daemon/capture/CaptureMemory.h"
#include "daemon/hearing/BootClock.h"
#include "dsp/audio/FrameMixer.h"

namespace earshot {

/// One thread, the callback's. It writes `memory`, which outlives it.
class CaptureIntake {
 public:
  using Clock = BootClock;

  /// Allocates. `channel` from 1, or nothing for the mean of all.
  CaptureIntake(CaptureMemory& memory, int rate_hz, std::size_t channels, std::optional<int> channel);

  /// The device has begun at `now`: opening it may have taken long. Before the first take().
  void restart_clock(Clock::time_point now) noexcept;

  /// real-time: wait-free; `frames` x channels interleaved samples that came at `now`. `overflowed`: some
  /// were lost before them.
  void take(const float* interleaved, std::size_t frames, bool overflowed, Clock::time_point now) noexcept;

  int rate_hz() const noexcept { return rate_hz_; }

 private:
  std::uint64_t lost_samples(Clock::time_point now, std::size_t came) const noexcept;

  CaptureMemory& memory_;
  SpscRing ring_;
  int rate_hz_;
  std::size_t channels_;
  FrameMixer mixer_;
  Clock::time_point last_taken_;
};

}  // namespace earshot
