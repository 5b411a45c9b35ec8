// LogSummary: a line that others can provoke as often as they like, in the log at once, then at most once a minute.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "daemon/log/Logging.h"

namespace earshot {

/// One for each kind of line. The first is written at once. Those that follow within a minute are counted; when it is
/// over, the last of them stands for all: "client 10.0.0.9 turned away (the last of 57 such lines)". After a minute
/// without any the next is a first one again. Not thread safe.
class LogSummary {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPause{60};

  explicit LogSummary(LogLevel level) noexcept : level_(level) {}

  /// What is to be said, formatted as by {fmt}.
  template <class... Arguments>
  void line(Clock::time_point now, fmt::format_string<Arguments...> format, Arguments&&... arguments) noexcept {
    take(now, format, fmt::make_format_args(arguments...));
  }

  /// Writes the summary that is due, if one is. To be called now and then: without it a summary waits for the next
  /// line() or the end.
  void tick(Clock::time_point now) noexcept;

  /// At the end: writes what has not been said, due or not.
  void finish() noexcept;

 private:
  void take(Clock::time_point now, fmt::string_view format, fmt::format_args arguments) noexcept;

  LogLevel level_;
  Clock::time_point quiet_until_ = Clock::time_point::min();
  std::uint64_t unsaid_ = 0;
  std::string last_;  ///< of the unsaid
};

}  // namespace earshot
