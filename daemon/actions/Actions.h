// Actions: what is done because of events: commands that run, posts that are under way or tried again.
#pragma once

#include <chrono>
#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "daemon/actions/Action.h"
#include "daemon/actions/ActionRun.h"
#include "daemon/actions/HttpPoster.h"
#include "daemon/hearing/BootClock.h"
#include "nn/events/Event.h"

namespace earshot {

using ActionList = std::vector<std::shared_ptr<Action>>;

/// A post that fails for a reason that may pass is tried again after 1 s, 2, 4, ... up to a minute, or when
/// the server says, until its event was heard five minutes ago. All but wake() by one thread; nothing but
/// go_on() and end() waits.
class Actions {
 public:
  using Clock = Action::Clock;

  /// `keeper` as CommandProcess takes it. Throws Error(unavailable).
  explicit Actions(std::filesystem::path keeper) : keeper_(std::move(keeper)) {}

  /// Begins what those of `list` that want the event do.
  void hear(const ActionList& list, const Event& event);
  /// Goes on with all that is under way; waits for up to `limit`, or until wake().
  void go_on(std::chrono::milliseconds limit);
  /// Ends the waiting. Any thread.
  void wake() noexcept { poster_.wake(); }
  /// Gives what is under way `limit` to end; then it is ended. The last call.
  void end(std::chrono::milliseconds limit);

 private:
  struct Post {
    std::shared_ptr<Action> action;
    std::string line;
    BootClock::time_point heard;  // a suspend counts
    Clock::time_point due;
    std::chrono::seconds pause{1};
    bool is_under_way = false;
  };

  void begin(const std::shared_ptr<Action>& action, const std::string& line);
  void begin_command(const std::shared_ptr<Action>& action, const std::string& line, Clock::time_point now);
  void begin_post(const std::shared_ptr<Action>& action, const std::string& line, Clock::time_point now);
  void send_what_is_due(Clock::time_point now);
  void answer(std::list<Post>::iterator post, const HttpResult& result);
  bool has_something_to_do_until(Clock::time_point time) const;

  std::filesystem::path keeper_;
  std::list<std::unique_ptr<ActionRun>> runs_;
  std::list<Post> posts_;
  HttpPoster poster_;
};

}  // namespace earshot
