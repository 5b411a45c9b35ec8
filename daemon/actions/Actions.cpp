#include "daemon/actions/Actions.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <variant>

#include <spdlog/fmt/fmt.h>

#include "daemon/log/Logging.h"
#include "daemon/stream/JsonLine.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLookAgain = 50ms;  // at commands
constexpr std::chrono::seconds kLastPause = 60s;
constexpr std::chrono::minutes kTriedFor{5};
constexpr std::ptrdiff_t kMostPosts = 100;  // of an action, under way and to be tried again

}  // namespace

void Actions::hear(const ActionList& list, const Event& event) {
  std::string line;
  for (const auto& action : list) {
    if (!action->wants(event)) continue;
    if (line.empty()) line = json_line(event, std::nullopt);
    begin(action, line);
  }
}

void Actions::begin(const std::shared_ptr<Action>& action, const std::string& line) {
  const Clock::time_point now = Clock::now();
  if (std::holds_alternative<ActionCommand>(action->settings().what)) {
    begin_command(action, line, now);
  } else {
    begin_post(action, line, now);
  }
}

void Actions::begin_command(const std::shared_ptr<Action>& action, const std::string& line,
                            Clock::time_point now) {
  if (action->running >= action->settings().at_once)
    return action->drop(now, fmt::format("{} are running (at_once)", action->running));
  if (!action->may_begin(now)) return;
  try {
    runs_.push_back(std::make_unique<ActionRun>(action, keeper_, line, now));
  } catch (const Error& error) {
    action->fail(now, error.what());
  }
}

void Actions::begin_post(const std::shared_ptr<Action>& action, const std::string& line,
                         Clock::time_point now) {
  if (std::ranges::count(posts_, action, &Post::action) >= kMostPosts)
    return action->drop(now, fmt::format("{} wait for the server", kMostPosts));
  if (action->may_begin(now))
    posts_.push_back({.action = action, .line = line, .heard = BootClock::now(), .due = now});
}

void Actions::go_on(std::chrono::milliseconds limit) {
  Clock::time_point now = Clock::now();
  std::erase_if(runs_, [&](const auto& run) { return !run->go_on(now); });
  send_what_is_due(now);
  if (!runs_.empty()) limit = std::min(limit, kLookAgain);
  for (const Post& post : posts_) {
    if (!post.is_under_way && post.due > now)
      limit = std::min(limit, std::chrono::ceil<std::chrono::milliseconds>(post.due - now));
  }
  poster_.go_on(limit);
}

void Actions::send_what_is_due(Clock::time_point now) {
  for (auto post = posts_.begin(); post != posts_.end();) {
    const auto next = std::next(post);
    Action& action = *post->action;
    if (!post->is_under_way && post->due <= now && action.running < action.settings().at_once) {
      post->is_under_way = true;
      ++action.running;
      try {
        poster_.post({.url = std::get<ActionUrl>(action.settings().what).url,
                      .token = action.token(),
                      .body = post->line,
                      .timeout = action.settings().timeout},
                     [this, post](const HttpResult& result) { answer(post, result); });
      } catch (const Error& error) {
        answer(post, {.failure = error.what(), .may_pass = false, .retry_after = {}});
      }
    }
    post = next;
  }
}

void Actions::answer(std::list<Post>::iterator post, const HttpResult& result) {
  const Clock::time_point now = Clock::now();
  Action& action = *post->action;
  post->is_under_way = false;
  --action.running;
  if (result.failure.empty()) {
    log_debug("{} took an event", action.name());
    posts_.erase(post);
    return;
  }
  const std::chrono::seconds wait = std::max(post->pause, result.retry_after.value_or(0s));
  if (!result.may_pass || BootClock::now() + wait > post->heard + kTriedFor) {
    action.fail(now, fmt::format("{}; an event is given up{}", result.failure,
                                 result.may_pass ? ", too old for another try" : ""));
    posts_.erase(post);
    return;
  }
  action.fail(now, fmt::format("{}; tried again in {} s", result.failure, wait.count()));
  post->due = now + wait;
  post->pause = std::min(2 * post->pause, kLastPause);
}

bool Actions::has_something_to_do_until(Clock::time_point time) const {
  return !runs_.empty() ||
         std::ranges::any_of(posts_, [&](const Post& post) { return post.is_under_way || post.due <= time; });
}

void Actions::end(std::chrono::milliseconds limit) {
  const Clock::time_point end = Clock::now() + limit;
  const Clock::time_point term = end - limit / 4;
  const auto left_until = [](Clock::time_point time) {
    return std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now());
  };
  while (has_something_to_do_until(term) && Clock::now() < term)
    go_on(std::min(left_until(term), kLookAgain));
  if (!runs_.empty()) log_warning("commands of actions that still run and are ended: {}", runs_.size());
  for (const auto& run : runs_) run->begin_end();
  while (!runs_.empty() && Clock::now() < end) go_on(std::min(left_until(end), 5ms));
  runs_.clear();
  if (!posts_.empty())
    log_warning("events left untold, since their servers did not take them yet: {}", posts_.size());
}

}  // namespace earshot
