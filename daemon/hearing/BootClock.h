// BootClock: the clock of all timelines: monotonic, set by nobody, going on while the machine is suspended.
#pragma once

#include <ctime>

#include <chrono>
#include <cstdint>

namespace earshot {

/// CLOCK_BOOTTIME; the same for all processes of a machine.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  /// real-time: no system call where the kernel's vDSO has it.
  static time_point now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  }
};

/// How long `samples` last at a rate; the whole seconds apart, so that days of them do not overflow.
inline BootClock::duration duration_of(std::uint64_t samples, int rate_hz) noexcept {
  const auto rate = static_cast<std::uint64_t>(rate_hz);
  return std::chrono::seconds(samples / rate) +
         std::chrono::nanoseconds(samples % rate * 1'000'000'000 / rate);
}

}  // namespace earshot
