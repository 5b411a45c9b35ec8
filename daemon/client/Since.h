// Since: what people write for a moment in the past.
#pragma once

#include <string>
#include <string_view>

#include "nn/events/StreamClock.h"

namespace earshot {

struct Since {
  UtcTime moment;
  std::string words;  ///< "of the last 24 h", "since 2026-11-29 12:00"
};

/// A number and s, min, h, d or w before `now` ("90min", "24h", "7d"); or a date, or date and time, of the
/// machine's time zone ("2026-11-29", "2026-11-29T12:00", with seconds or not) or with a Z of UTC. Throws
/// Error(usage).
Since parse_since(std::string_view text, UtcTime now);

/// A moment of local time, to the second: "2026-11-29 12:00:00".
std::string local_time(UtcTime moment);

}  // namespace earshot
