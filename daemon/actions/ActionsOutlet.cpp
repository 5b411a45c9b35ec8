#include "daemon/actions/ActionsOutlet.h"

#include <algorithm>
#include <exception>
#include <string>
#include <variant>

#include "daemon/capture/FindProgram.h"
#include "daemon/log/Logging.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kMostHeard = 256;  // events that wait for the thread
constexpr std::chrono::milliseconds kRound{1000};

ActionList actions_of(const std::vector<ActionSettings>& settings) {
  ActionList list;
  for (const ActionSettings& each : settings) list.push_back(std::make_shared<Action>(each));
  return list;
}

bool are_the_same(const ActionList& list, const std::vector<ActionSettings>& settings) {
  return std::ranges::equal(list, settings, [](const auto& action, const ActionSettings& other) {
    return are_the_same_action(action->settings(), other);
  });
}

}  // namespace

ActionsOutlet::ActionsOutlet(Pulses* pulses, std::filesystem::path keeper)
    : pulses_(pulses), keeper_(std::move(keeper)) {}

ActionsOutlet::~ActionsOutlet() {
  stop(std::chrono::milliseconds(0));
}

void ActionsOutlet::hear(const Message& message) noexcept {
  const auto* event = std::get_if<Event>(&message);
  if (!event || !is_wanted_.load(std::memory_order_acquire)) return;
  try {
    const std::lock_guard lock(mutex_);
    if (heard_.size() < kMostHeard) {
      heard_.emplace_back(list_, *event);
    } else {
      ++dropped_;
    }
  } catch (const std::exception&) {  // no memory: the stream tells
  }
  actions_->wake();
}

void ActionsOutlet::change(const Config& config, const StreamFacts&) {
  if (are_the_same(*list_, config.actions)) return;  // they know what they have begun
  List list = std::make_shared<const ActionList>(actions_of(config.actions));
  if (!thread_.joinable()) {
    if (!actions_) actions_ = std::make_unique<Actions>(keeper_);
    pulse_ = std::make_unique<Pulse>(pulses_, "the thread for actions");
    thread_ = std::thread([this] { run(); });
  }
  {
    const std::lock_guard lock(mutex_);
    list_.swap(list);
  }
  is_wanted_.store(true, std::memory_order_release);
}

void ActionsOutlet::stop(std::chrono::milliseconds limit) noexcept {
  if (!thread_.joinable()) return;
  is_wanted_.store(false, std::memory_order_release);
  {
    const std::lock_guard lock(mutex_);
    end_ = std::chrono::steady_clock::now() + limit;
  }
  actions_->wake();
  thread_.join();
}

void ActionsOutlet::run() {
  for (;;) {
    work_off();
    std::optional<std::chrono::steady_clock::time_point> end;
    {
      const std::lock_guard lock(mutex_);
      if (heard_.empty()) end = end_;
    }
    pulse_->beat();
    if (end) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*end - std::chrono::steady_clock::now());
      return actions_->end(std::max(left, std::chrono::milliseconds(0)));
    }
    actions_->go_on(kRound);
  }
}

void ActionsOutlet::work_off() {
  std::vector<std::pair<List, Event>> heard;
  std::uint64_t dropped = 0;
  List present;
  {
    const std::lock_guard lock(mutex_);
    heard.swap(heard_);
    dropped = std::exchange(dropped_, 0);
    present = list_;
  }
  const auto now = std::chrono::steady_clock::now();
  if (dropped > 0) drops_.line(now, "{} events came too fast for actions to look at", dropped);
  drops_.tick(now);
  for (const auto& action : *present) action->tick(now);
  for (const auto& [list, event] : heard) {
    pulse_->rest();  // while the system starts a program
    actions_->hear(*list, event);
    pulse_->beat();
  }
}

void check_actions(const std::vector<ActionSettings>& actions) {
  for (const ActionSettings& each : actions) {
    const Action action(each);
    const auto* command = std::get_if<ActionCommand>(&each.what);
    if (!command || find_program(command->argv.front())) continue;
    throw Error(ExitCode::config, action.name() + ": key 'command': found \"" + command->argv.front() +
                                      "\", expected a program that may be run, in PATH or by its path");
  }
}

}  // namespace earshot
