// WatchScreen: the state of `earshot watch` as the rows of a screen.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/client/WatchState.h"

namespace earshot {

struct ScreenLook {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool colour = false;
  bool unicode = false;
};

/// At most `look.rows` rows, none wider than `look.columns` - 1: a row for the server, one per source as far as they
/// fit, the newest of the log, a footer. `now_s` since 1970 is the clock in the corner; times are local.
std::vector<std::string> watch_screen(const WatchState& state, const ScreenLook& look, double now_s);

/// "3.4 s", "42 s", "2 min 05 s", "1 h 02 min", "3 d 04 h".
std::string duration_text(double seconds);

}  // namespace earshot
