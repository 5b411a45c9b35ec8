#include "daemon/actions/Action.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <variant>

#include "daemon/actions/BearerToken.h"
#include "daemon/actions/HttpPoster.h"
#include "daemon/capture/CommandWords.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kMostActionName = 200;

std::string name_of(const ActionSettings& settings) {
  if (const auto* command = std::get_if<ActionCommand>(&settings.what))
    return std::filesystem::path(command->argv.front()).filename().string();
  const auto origin = url_origin(std::get<ActionUrl>(settings.what).url);
  if (!origin) throw Error(ExitCode::config, "[[action]]: key 'url': found what is no URL, expected one");
  return *origin;
}

UtcTime beginning_of(const Event& event) {
  return event.time - std::chrono::microseconds(std::llround(1e6 * event.duration_s));
}

}  // namespace

Action::Action(ActionSettings settings)
    : settings_(std::move(settings)),
      name_("action '" + shown_line(name_of(settings_), kMostActionName) + '\'') {
  token();
}

Action::~Action() {
  drops_.finish();
  failures_.finish();
}

std::string Action::token() const {
  const auto* post = std::get_if<ActionUrl>(&settings_.what);
  return post && !post->token_file.empty() ? read_bearer_token(post->token_file) : "";
}

bool Action::wants(const Event& event) const {
  using Phase = ActionSettings::Phase;
  if (settings_.phase != Phase::both && (settings_.phase == Phase::end) != (event.phase == Event::Phase::end))
    return false;
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  if (settings_.labels && !has(settings_.labels->names, event.label)) return false;
  if (!settings_.sources.empty() && !has(settings_.sources, event.source)) return false;
  return settings_.hours.are_all() || settings_.hours.have(beginning_of(event));
}

bool Action::may_begin(Clock::time_point now) {
  while (!begun_.empty() && begun_.front() + std::chrono::minutes(1) <= now) begun_.pop_front();
  if (begun_.size() >= static_cast<std::size_t>(settings_.per_minute)) {
    drop(now, std::to_string(settings_.per_minute) + " have begun within a minute (per_minute)");
    return false;
  }
  begun_.push_back(now);
  return true;
}

void Action::drop(Clock::time_point now, const std::string& why) {
  drops_.line(now, "{} left an event out: {}", name_, why);
}

void Action::fail(Clock::time_point now, const std::string& how) {
  failures_.line(now, "{} {}", name_, how);
}

void Action::tick(Clock::time_point now) noexcept {
  drops_.tick(now);
  failures_.tick(now);
}

}  // namespace earshot
