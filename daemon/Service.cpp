#include "daemon/Service.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <systemd/sd-daemon.h>
#include <boost/asio/post.hpp>

#include "daemon/CheckedHearing.h"
#include "daemon/DescriptorLimit.h"
#include "daemon/actions/ActionsOutlet.h"
#include "daemon/books/StateDirectory.h"
#include "daemon/log/Logging.h"
#include "daemon/mqtt/MqttOutlet.h"
#include "daemon/web/WebOutlet.h"
#include "dsp/base/Failure.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kShutdown = 1900ms;  // from the signal to the last byte
constexpr std::chrono::milliseconds kSourcesShutdown = 1000ms;  // of that
constexpr std::chrono::milliseconds kOutletsShutdown = 400ms;   // of that
constexpr std::chrono::milliseconds kSourcesEnd = 10'000ms;     // of an instance that another follows
constexpr std::chrono::milliseconds kLook = 1000ms;      // at what is skipped

void tell_systemd(const std::string& state) {
  ::sd_notify(0, state.c_str());
}

ConfiguredHearing needed_by(Config config) {
  auto hearing = needed_hearing(config, nullptr);
  return {std::move(config), std::move(hearing)};
}

WatchdogSettings watchdog_settings() {
  std::uint64_t deadline_us = 0;
  if (::sd_watchdog_enabled(0, &deadline_us) <= 0) return {};
  return {.deadline = std::chrono::microseconds(deadline_us)};
}

std::vector<std::unique_ptr<Outlet>> make_outlets(Counters& counters, UtcClock& utc, Pulses& pulses) {
  const std::filesystem::path state = state_directory();
  std::vector<std::unique_ptr<Outlet>> outlets;
  outlets.push_back(
      std::make_unique<MqttOutlet>(state.empty() ? state : state / "mqtt", counters.gates, &pulses));
  outlets.push_back(std::make_unique<WebOutlet>(counters, utc, pulses));
  outlets.push_back(std::make_unique<ActionsOutlet>(&pulses));
  return outlets;
}

void tell_reloading() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  tell_systemd(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                           std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
  log_info("SIGHUP: reading the configuration and the model again");
}

void refuse(const std::string& why) {
  log_error("not reloaded, going on as before: {}", why);
  tell_systemd("READY=1");
}

}  // namespace

Service::Service(std::optional<std::filesystem::path> asked, Config config)
    : signals_(waiting_, [this] { reloader_.ask(); }),
      watchdog_(waiting_, watchdog_settings(), tell_systemd),
      reloader_(waiting_, std::move(asked),
                {.present = [this]() -> const ConfiguredHearing& { return listening_->configured(); },
                 .begun = [] { tell_reloading(); },
                 .loaded = [this](ConfiguredHearing configured) { reload(std::move(configured)); },
                 .refused = [this](const std::string& why) { refuse(why); }}),
      housekeeping_(waiting_, [this] { keep_house(); }),
      configured_(needed_by(std::move(config))),
      facts_(facts_of(configured_)),
      server_(configured_.config.publish_tcp, facts_, counters_, utc_, &watchdog_.pulses()),
      outlets_(server_, make_outlets(counters_, utc_, watchdog_.pulses())),
      status_(waiting_, outlets_, tell_systemd) {
  outlets_.change(configured_.config, facts_);
  listen(std::exchange(configured_, {}));
}

void Service::run() {
  const ConfiguredHearing& configured = listening_->configured();
  log_info("model '{}', {} labels; publishing on {}", facts_.model_name,
           configured.hearing->model->labels.size(), server_.listening_on());
  tell_systemd("READY=1");
  listening_->start();
  waiting_.run();

  const auto begun = std::chrono::steady_clock::now();
  if (!signals_.received().empty()) why_ended_ = signals_.received();
  log_info("stopping: {}", why_ended_);
  tell_systemd("STOPPING=1\nSTATUS=stopping: " + why_ended_);
  std::vector<std::string> held_up;
  if (listening_) held_up = listening_->stop(why_ended_, kSourcesShutdown);
  outlets_.stop(kOutletsShutdown);
  if (reloader_.is_reading()) held_up.emplace_back("the configuration or its model is still being read");
  const auto used =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  server_.stop(why_ended_, std::max(kShutdown - used, 0ms));
  for (const std::string& line : held_up) log_warning("{}", line);
  // A read or write that a disk does not answer cannot be waited for, and everything is published.
  if (!held_up.empty()) std::_Exit(static_cast<int>(exit_code_));
  if (exit_code_ != ExitCode::ok) throw Error(exit_code_, why_ended_);
}

void Service::listen(ConfiguredHearing configured) {
  const Config& config = configured.config;
  raise_descriptor_limit(config.publish_tcp.max_clients, config.publish_tls.has_value(),
                         config.most_sources());
  listening_ = std::make_unique<Listening>(
      ListeningContext{.server = server_,
                       .sink = status_,
                       .utc = utc_,
                       .counters = counters_,
                       .microphones = microphones_,
                       .pulses = watchdog_.pulses(),
                       .source_ended = [this] { boost::asio::post(waiting_, [this] { source_ended(); }); }},
      std::move(configured), facts_.instance);
  follow_hop();
}

// By the configuration as it is now.
void Service::follow_hop() {
  if (listening_->configured().config.hop_auto) {
    auto_hop_.emplace(listening_->configured().hearing->model->recipe);
  } else {
    auto_hop_.reset();
  }
}

void Service::source_ended() {
  if (!listening_->reap()) return;
  why_ended_ = "every source has ended";
  if (listening_->has_one_failed()) {
    why_ended_ += ", one because of an error";
    exit_code_ = ExitCode::io;
  }
  waiting_.stop();
}

void Service::keep_house() {
  listening_->tick();
  hop_problems_.tick(LogSummary::Clock::now());
  const auto now = std::chrono::steady_clock::now();
  if (!auto_hop_ || now < looked_ + kLook) return;
  looked_ = now;
  const std::uint64_t skipped = counters_.skipped_windows.load(std::memory_order_relaxed);
  auto_hop_->look(skipped - std::exchange(skipped_, skipped));
  const ConfiguredHearing& present = listening_->configured();
  if (auto_hop_->hop_samples() != present.hearing->hop_samples) step_by(auto_hop_->hop_samples());
}

void Service::step_by(std::uint64_t hop_samples) {
  ConfiguredHearing other = listening_->configured();
  Hearing hearing = *other.hearing;
  const bool is_wider = hop_samples > hearing.hop_samples;
  hearing.hop_samples = hop_samples;
  other.hearing = std::make_shared<const Hearing>(std::move(hearing));
  try {
    change(std::move(other));
  } catch (const std::exception& error) {
    return hop_problems_.line(LogSummary::Clock::now(), "hop_s = \"auto\": going on as before: {}",
                              failure_of(error).line);
  }
  log_info("hop_s = \"auto\": {:.3f} s from here on, {}", static_cast<double>(hop_samples) / facts_.rate_hz,
           is_wider ? "since windows go on being skipped" : "to see whether it keeps up");
}

void Service::reload(ConfiguredHearing configured) {
  const ConfiguredHearing& present = listening_->configured();
  if (configured.hearing == present.hearing && to_toml(configured.config) == to_toml(present.config) &&
      configured.config.publish_tls == present.config.publish_tls) {
    outlets_.change(present.config, facts_);  // one that could not be as it was tries again
    log_info("reloaded: nothing has changed");
    return tell_systemd("READY=1");
  }
  const std::string level = configured.config.log_level;
  const std::string told = listening_->fits(*configured.hearing) ? change(std::move(configured))
                                                                 : begin_anew(std::move(configured));
  if (exit_code_ != ExitCode::ok) return;  // it has given up
  set_log_level(level);
  follow_hop();
  log_info("reloaded: model '{}', {} labels; publishing on {}; {}", facts_.model_name, facts_.labels.size(),
           server_.listening_on(), told);
  tell_systemd("READY=1");
}

std::string Service::change(ConfiguredHearing configured) {
  raise_descriptor_limit(configured.config.publish_tcp.max_clients, configured.config.publish_tls.has_value(),
                         configured.config.most_sources());
  StreamFacts facts = facts_of(configured);
  facts.started = facts_.started;
  facts.instance = facts_.instance;
  outlets_.change(configured.config, facts);
  std::string told;
  try {
    told = listening_->change(std::move(configured), facts);
  } catch (...) {
    outlets_.take_back();
    throw;
  }
  facts_ = std::move(facts);
  return told;
}

// Positions count samples at another rate, or windows are of another length: nothing goes on.
std::string Service::begin_anew(ConfiguredHearing configured) {
  StreamFacts facts = facts_of(configured);
  facts.started = facts_.started;
  if (const auto held_up = listening_->stop("reloaded with a model of another rate or window", kSourcesEnd);
      !held_up.empty())
    return give_up(held_up.front());
  listening_.reset();
  status_.forget_all();
  try {
    server_.change(configured.config.publish_tcp, facts);
    outlets_.change(configured.config, facts);
    facts_ = std::move(facts);
    listen(std::move(configured));
  } catch (const std::exception& error) {
    return give_up(failure_of(error).line);
  }
  listening_->start();
  return "a model of another rate or window: another instance";
}

// The service manager starts it anew, by the new configuration.
std::string Service::give_up(const std::string& why) {
  exit_code_ = ExitCode::unavailable;
  why_ended_ = "cannot go on after the reload: " + why;
  waiting_.stop();
  return why_ended_;
}

}  // namespace earshot
