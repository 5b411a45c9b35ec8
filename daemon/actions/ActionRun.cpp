#include "daemon/actions/ActionRun.h"

#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <variant>

#include <spdlog/fmt/fmt.h>

namespace earshot {
namespace {

constexpr std::size_t kMostWordsAtOnce = 64 * 1024;  // as much as a pipe holds
constexpr std::size_t kMostEndShown = 200;

// False once there is no more.
bool read_into(CommandWords& words, int descriptor, Action::Clock::time_point now) {
  if (descriptor < 0) return true;
  std::array<char, kMostWordsAtOnce> bytes;
  const ssize_t got = ::read(descriptor, bytes.data(), bytes.size());
  if (got > 0) words.take(std::string_view(bytes.data(), static_cast<std::size_t>(got)), now);
  return got != 0;
}

}  // namespace

ActionRun::ActionRun(std::shared_ptr<Action> action, const std::filesystem::path& keeper,
                     std::string_view line, Clock::time_point now)
    : action_(std::move(action)),
      process_(keeper, std::get<ActionCommand>(action_->settings().what).argv, line),
      output_(action_->name()),
      errors_(action_->name()),
      deadline_(now + action_->settings().timeout) {
  ++action_->running;
}

ActionRun::~ActionRun() {
  process_.end(std::chrono::milliseconds(0));
  --action_->running;
}

bool ActionRun::go_on(Clock::time_point now) {
  const auto end = process_.how_it_ended(std::chrono::milliseconds(0));
  read_words(now);
  if (!end) {
    if (now < deadline_ || is_ended_) return true;
    begin_end();
    action_->fail(now, fmt::format("took longer than {} s and was ended",
                                   std::chrono::duration<double>(action_->settings().timeout).count()));
    return true;
  }
  output_.finish(now);
  errors_.finish(now);
  if (is_ended_ || process_.has_succeeded()) return false;
  const std::string last = errors_.take_last();
  action_->fail(now, last.empty() ? *end : *end + ": " + shown_line(last, kMostEndShown));
  return false;
}

void ActionRun::begin_end() noexcept {
  is_ended_ = true;
  process_.begin_end();
}

void ActionRun::read_words(Clock::time_point now) {
  if (!read_into(output_, process_.output(), now)) process_.close_output();
  if (!read_into(errors_, process_.errors(), now)) process_.close_errors();
  output_.tick(now);
  errors_.tick(now);
}

}  // namespace earshot
