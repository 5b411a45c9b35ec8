// UtcAnchor: the daemon's one anchor between the monotonic clock and UTC.
#pragma once

#include <chrono>

#include "nn/events/StreamClock.h"

namespace earshot {

/// A step of the system's clock moves no timeline.
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

}  // namespace earshot
