#include "daemon/client/WatchState.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "daemon/client/MessageFields.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

namespace json = boost::json;
using Kind = WatchLogEntry::Kind;

constexpr std::size_t kMostEntries = 1000;
constexpr std::size_t kMostSources = 1000;
// A label that is away for a shorter time has not gone: scores flicker.
constexpr double kPauseS = 1.5;

std::optional<double> known(double number) {
  return std::isnan(number) ? std::nullopt : std::optional(number);
}

}  // namespace

void WatchState::take(const json::object& message, double now_s) {
  const std::string type = text_of(message, "type");
  const double time_s = utc_s_of(message);
  last_s_ = std::isnan(time_s) ? now_s : time_s;
  if (type == "hello") greet(message);
  if (type == "prediction") predict(message);
  if (type == "event") event(message);
  if (type == "gap") gap(message);
  if (type == "source") change(message);
  if (type == "heartbeat") beat(message);
  if (type == "clock") {
    add({.kind = Kind::note, .time_s = last_s_, .source = "",
         .text = fmt::format("the clock was set by {:+.3f} s", number_of(message, "step_s"))});
  }
  if (type == "lost") {
    add({.kind = Kind::trouble, .time_s = last_s_, .source = "",
         .text = fmt::format("missed {} messages, seq {} to {}", number_of(message, "messages"),
                             number_of(message, "from_seq"), number_of(message, "to_seq"))});
  }
}

void WatchState::lost_connection(double now_s, const std::string& reason) {
  connection_ = printable(reason);
  // One line until there is a connection again; why it does not come yet stands above.
  if (std::exchange(lost_, true)) return;
  add({.kind = Kind::trouble, .time_s = now_s, .source = "", .text = connection_});
}

void WatchState::note(double now_s, const std::string& text) {
  add({.kind = Kind::note, .time_s = now_s, .source = "", .text = printable(text)});
}

void WatchState::greet(const json::object& hello) {
  lost_ = false;
  connection_.clear();
  rate_hz_ = number_of(hello, "rate_hz");
  const double hop_s = number_of(hello, "hop_samples") / rate_hz_;
  hop_s_ = std::isfinite(hop_s) ? hop_s : 0.0;
  const json::value* model = hello.if_contains("model");
  const json::value* labels = hello.if_contains("labels");
  model_ = fmt::format("{} {}, model {}, {} labels", text_of(hello, "server"), text_of(hello, "version"),
                       model && model->is_object() ? text_of(model->get_object(), "name") : "",
                       labels && labels->is_array() ? labels->get_array().size() : 0);
  for (WatchLogEntry& entry : log_) entry.open = false;
  sources_.clear();
  events_ = false;
  for (const json::object* item : objects_of(hello, "sources"))
    source_named(text_of(*item, "name")).state = text_of(*item, "state");
}

void WatchState::predict(const json::object& message) {
  WatchedSource& source = source_named(text_of(message, "source"));
  source.level_dbfs = known(number_of(message, "level_dbfs"));
  source.now_s = last_s_;
  source.label = is_true(message, "gated") ? "" : text_of(message, "label");
  source.score = known(number_of(message, "confidence"));
  std::vector<std::string> heard;
  for (const HeardLabel& each : heard_of(message)) heard.push_back(printable(each.label));
  // A daemon that tells no `heard` names its label.
  if (!message.contains("heard") && !source.label.empty()) heard.push_back(source.label);
  source.guess = heard.empty();
  source.others.assign(heard.begin() + (heard.empty() ? 0 : 1), heard.end());

  const double begin_s = source.now_s - hop_s_;
  std::map<std::string, double> since;
  for (const std::string& label : heard) {
    const auto before = source.heard_since_s.find(label);
    since[label] = before == source.heard_since_s.end() ? begin_s : before->second;
  }
  source.heard_since_s = std::move(since);
  if (!heard.empty()) source.nothing_since_s.reset();
  if (heard.empty() && !source.nothing_since_s) source.nothing_since_s = begin_s;
  follow(source, heard);
}

void WatchState::follow(const WatchedSource& source, const std::vector<std::string>& heard) {
  bool sounds = false;
  for (WatchLogEntry& entry : log_) {
    if (!entry.open || entry.source != source.name || entry.kind != Kind::sound) continue;
    if (events_) {
      entry.until_s = source.now_s;
    } else if (std::find(heard.begin(), heard.end(), entry.key) != heard.end()) {
      entry.until_s = source.now_s;
    } else if (source.now_s - entry.until_s.value_or(0.0) > kPauseS) {
      entry.open = false;
    }
    sounds = sounds || entry.open;
  }
  const double begin_s = source.now_s - hop_s_;
  if (!heard.empty()) {
    if (WatchLogEntry* quiet = open_entry(source.name, Kind::quiet, "")) quiet->open = false;
    if (!events_ && !open_entry(source.name, Kind::sound, heard.front()))
      add({Kind::sound, begin_s, source.name, heard.front(), heard.front(), source.now_s, true});
  } else if (!sounds) {
    if (WatchLogEntry* quiet = open_entry(source.name, Kind::quiet, "")) {
      quiet->until_s = source.now_s;
    } else {
      add({Kind::quiet, source.nothing_since_s.value_or(begin_s), source.name, "quiet", "", source.now_s, true});
    }
  }
}

void WatchState::event(const json::object& message) {
  const std::string source = text_of(message, "source");
  if (!std::exchange(events_, true)) {
    for (WatchLogEntry& entry : log_) entry.open = false;
  }
  const json::value* id = message.if_contains("event_id");
  const std::string key = id ? json::serialize(*id) : text_of(message, "label");
  const bool ends = text_of(message, "phase") == "end";
  WatchLogEntry* entry = open_entry(source, Kind::sound, key);
  if (WatchLogEntry* quiet = open_entry(source, Kind::quiet, "")) quiet->open = false;
  if (!entry) {  // its start may have been before the connection
    const double duration_s = ends ? number_of(message, "duration_s") : 0.0;
    const double begin_s = last_s_ - (std::isnan(duration_s) ? 0.0 : duration_s);
    add({Kind::sound, begin_s, source, text_of(message, "label"), key, begin_s, true});
    entry = &log_.back();
  }
  if (!ends) return;
  const double duration_s = number_of(message, "duration_s");
  entry->until_s = std::isnan(duration_s) ? last_s_ : entry->time_s + duration_s;
  entry->open = false;
}

void WatchState::gap(const json::object& message) {
  const std::string reason = text_of(message, "reason");
  const double windows = number_of(message, "windows");
  if (!std::isnan(windows)) skipped_in_gaps_ += windows;
  totals_.skipped_windows = std::max(totals_.skipped_windows, skipped_in_gaps_);
  add({.kind = Kind::trouble, .time_s = last_s_, .source = text_of(message, "source"),
       .text = reason == "overload"
                   ? fmt::format("{} windows skipped: overload", windows)
                   : fmt::format("{:.2f} s lost: {}", number_of(message, "samples") / rate_hz_, reason)});
}

void WatchState::change(const json::object& message) {
  WatchedSource& source = source_named(text_of(message, "source"));
  source.state = text_of(message, "state");
  source.detail = text_of(message, "detail");
  source.heard_since_s.clear();
  source.nothing_since_s.reset();
  source.label.clear();
  source.others.clear();
  close_entries(source.name);
  const bool bad = source.state == "down";
  add({.kind = bad ? Kind::trouble : Kind::note, .time_s = last_s_, .source = source.name,
       .text = source.state + (source.detail.empty() ? "" : ": " + source.detail)});
}

void WatchState::beat(const json::object& message) {
  const auto count = [&](const char* key, double before) {
    const double number = number_of(message, key);
    return std::isnan(number) ? before : number;
  };
  totals_.dropped_samples = count("dropped_samples", totals_.dropped_samples);
  totals_.clients = count("clients", totals_.clients);
  totals_.uptime_s = known(number_of(message, "uptime_s"));
  double skipped = 0.0;
  for (const json::object* item : objects_of(message, "sources")) {
    WatchedSource& source = source_named(text_of(*item, "name"));
    if (const std::string state = text_of(*item, "state"); !state.empty()) source.state = state;
    source.lag_s = known(number_of(*item, "lag_s"));
    if (const auto level = known(number_of(*item, "level_dbfs"))) source.level_dbfs = level;
    const double windows = number_of(*item, "skipped_windows");
    if (!std::isnan(windows)) skipped += windows;
  }
  totals_.skipped_windows = std::max(skipped, skipped_in_gaps_);
}

WatchedSource& WatchState::source_named(const std::string& name) {
  const auto found =
      std::find_if(sources_.begin(), sources_.end(), [&](const WatchedSource& each) { return each.name == name; });
  if (found != sources_.end()) return *found;
  if (sources_.size() == kMostSources) return sources_.back();
  sources_.emplace_back().name = name;
  return sources_.back();
}

WatchLogEntry* WatchState::open_entry(std::string_view source, Kind kind, std::string_view key) {
  const auto found = std::find_if(log_.rbegin(), log_.rend(), [&](const WatchLogEntry& entry) {
    return entry.open && entry.kind == kind && entry.source == source && entry.key == key;
  });
  return found == log_.rend() ? nullptr : &*found;
}

void WatchState::close_entries(std::string_view source) {
  for (WatchLogEntry& entry : log_) {
    if (entry.source == source) entry.open = false;
  }
}

void WatchState::add(WatchLogEntry entry) {
  log_.push_back(std::move(entry));
  if (log_.size() > kMostEntries) log_.pop_front();
}

}  // namespace earshot
