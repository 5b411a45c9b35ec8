// UtcClock: the BootClock's moments in UTC, as the machine's clock has it now; and when that was set.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "daemon/hearing/BootClock.h"
#include "nn/events/StreamClock.h"

namespace earshot {

/// Any thread. What a clock is off by while it is slewed is followed in steps of a millisecond; a correction of 50 ms or
/// more at once is told.
class UtcClock {
 public:
  using Now = UtcTime (*)();
  /// The machine's clock.
  static UtcTime system_now() {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }

  explicit UtcClock(Now now = system_now) noexcept;

  UtcTime at(BootClock::time_point moment) noexcept;
  /// By how many seconds the clock was set forward since the last call; 0: it was not set.
  double take_step_s() noexcept;

 private:
  std::int64_t offset_us() noexcept;

  Now now_;
  std::atomic<std::int64_t> offset_us_;     // UTC less BootClock; like the next a value by itself: relaxed
  std::atomic<std::int64_t> stepped_us_{0};  // and not yet taken
};

}  // namespace earshot
