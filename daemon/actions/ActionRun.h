// ActionRun: an action's command as it runs once, told of one event.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>

#include "daemon/actions/Action.h"
#include "daemon/capture/CommandProcess.h"
#include "daemon/capture/CommandWords.h"

namespace earshot {

/// By one thread, the action's.
class ActionRun {
 public:
  using Clock = Action::Clock;

  /// `line` is the event; `keeper` as CommandProcess takes it. Throws Error.
  ActionRun(std::shared_ptr<Action> action, const std::filesystem::path& keeper, std::string_view line,
            Clock::time_point now);
  /// Ends it without waiting.
  ~ActionRun();
  ActionRun(const ActionRun&) = delete;
  ActionRun& operator=(const ActionRun&) = delete;

  /// Whether it still runs. To be called often: what it says waits for it, and so does a time-out. Never
  /// waits.
  bool go_on(Clock::time_point now);
  /// SIGTERM, after half a second SIGKILL. How it ends is no news then.
  void begin_end() noexcept;

 private:
  void read_words(Clock::time_point now);

  std::shared_ptr<Action> action_;
  CommandProcess process_;
  CommandWords output_;
  CommandWords errors_;
  Clock::time_point deadline_;
  bool is_ended_ = false;  // by us
};

}  // namespace earshot
