// LocalHours: times of the day and days of the week, as the clock on the wall shows them.
#pragma once

#include <bitset>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dsp/base/StrictToml.h"
#include "nn/events/StreamClock.h"

namespace earshot {

/// Always, unless it says otherwise. What goes over midnight belongs to the day on which it began: of the
/// night from Friday to Saturday all is Friday's. On days when clocks are put forward or back it goes by what
/// they show.
struct LocalHours {
  using Days = std::bitset<7>;

  std::optional<std::pair<int, int>>
      between;               ///< minutes after midnight, the second exclusive; over midnight if less
  Days days = Days().set();  ///< Monday first

  bool are_all() const noexcept { return !between && days.all(); }
  /// By the zone of TZ, else /etc/localtime, as it was when hours were last read. Any thread.
  bool have(UtcTime time) const noexcept;

  bool operator==(const LocalHours&) const = default;
};

/// Keys 'between' and 'days'. Throws Error(config).
LocalHours read_local_hours(StrictToml& table);

/// "22:00"; midnight as an end is "24:00".
std::string clock_text_of(int minutes);
/// "mon" is day 0.
std::string_view weekday_name(std::size_t day) noexcept;

}  // namespace earshot
