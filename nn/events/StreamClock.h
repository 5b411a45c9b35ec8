// StreamClock: which moment a position of a source's timeline was.
#pragma once

#include <chrono>
#include <cstdint>

namespace earshot {

using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;

/// Counts from one known pair of position and moment at the nominal rate. A recording's pair is its start; a
/// live source moves the pair with whatever it hears, so that a device's clock which is off by some ppm never
/// drifts away.
class StreamClock {
 public:
  StreamClock(int rate_hz, UtcTime start) : rate_hz_(rate_hz), moment_(start) {}

  void heard(std::uint64_t position, UtcTime moment) noexcept {
    position_ = position;
    moment_ = moment;
  }

  UtcTime time_of(std::uint64_t position) const noexcept {
    const auto samples =
        static_cast<std::int64_t>(position - position_);  // may be negative: two's complement
    const std::int64_t whole_s = samples / rate_hz_;
    const std::int64_t rest_us = (samples % rate_hz_) * 1'000'000 / rate_hz_;
    return moment_ + std::chrono::seconds(whole_s) + std::chrono::microseconds(rest_us);
  }

 private:
  int rate_hz_;
  std::uint64_t position_ = 0;
  UtcTime moment_;
};

}  // namespace earshot
