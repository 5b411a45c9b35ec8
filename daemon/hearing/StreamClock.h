// StreamClock: which moment a position of a source's timeline was.
#pragma once

#include <chrono>
#include <cstdint>

#include "daemon/hearing/Message.h"

namespace earshot {

/// The daemon's one anchor between the monotonic clock and UTC: a step of the system's clock moves no
/// timeline.
struct UtcAnchor {
  std::chrono::steady_clock::time_point monotonic;
  UtcTime utc;

  static UtcAnchor now() {
    return {std::chrono::steady_clock::now(),
            std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now())};
  }
  UtcTime at(std::chrono::steady_clock::time_point moment) const {
    return utc + std::chrono::duration_cast<std::chrono::microseconds>(moment - monotonic);
  }
};

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
