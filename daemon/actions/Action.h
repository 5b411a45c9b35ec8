// Action: one [[action]]: which events are its own, how many more it may begin, and what the log says of it.
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <utility>

#include "daemon/log/LogSummary.h"
#include "daemon/settings/ActionSettings.h"
#include "nn/events/Event.h"

namespace earshot {

/// What changes is of one thread.
class Action {
 public:
  using Clock = LogSummary::Clock;

  /// Throws Error for a URL that is none, or a token that cannot be read.
  explicit Action(ActionSettings settings);
  ~Action();
  Action(const Action&) = delete;
  Action& operator=(const Action&) = delete;

  const ActionSettings& settings() const noexcept { return settings_; }
  /// As its file has it now; "" without one. Throws Error.
  std::string token() const;
  /// "action 'ring'", "action 'https://example.org'".
  const std::string& name() const noexcept { return name_; }

  bool wants(const Event& event) const;
  /// Counts one more that is begun, unless those of the last minute are too many: says so, then.
  bool may_begin(Clock::time_point now);
  /// Of an event that nothing is done for.
  void drop(Clock::time_point now, const std::string& why);
  /// "ended with code 3"
  void fail(Clock::time_point now, const std::string& how);
  void tick(Clock::time_point now) noexcept;

  int running = 0;  ///< of at_once

 private:
  ActionSettings settings_;
  std::string name_;
  std::deque<Clock::time_point> begun_;  // within the last minute
  LogSummary drops_{LogLevel::warning};
  LogSummary failures_{LogLevel::warning};
};

}  // namespace earshot
