#include "tests/soak/Witness.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <sstream>
#include <utility>

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr auto kSilence = 20s;  // of a daemon that has a heartbeat of 5 s
constexpr BootClock::duration kMomentTolerance = 500ms;
constexpr auto kAroundStep = 1500ms;  // a line of before a step may come after it

double seconds(BootClock::duration time) {
  return std::chrono::duration<double>(time).count();
}

std::uint64_t number(const json::object& message, std::string_view key) {
  const json::value* value = message.if_contains(key);
  return value ? value->to_number<std::uint64_t>() : 0;
}

std::string text(const json::object& message, std::string_view key) {
  return std::string(message.at(key).as_string());
}

std::string place_of(const json::object& prediction) {
  return text(prediction, "source") + " at sample " + std::to_string(number(prediction, "start_sample"));
}

// RFC 3339 in UTC with microseconds, as the stream has it.
std::chrono::nanoseconds utc_of(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  return std::chrono::seconds(::timegm(&parts)) +
         std::chrono::nanoseconds(std::llround((rest ? std::atof(rest) : 0.0) * 1e9));
}

// UTC less the boot clock, of the machine.
std::chrono::nanoseconds machine_offset() {
  return std::chrono::system_clock::now().time_since_epoch() - BootClock::now().time_since_epoch();
}

void add(test::BookTotals& to, const test::BookTotals& more) {
  to.predictions += more.predictions;
  to.skipped += more.skipped;
  to.not_whole += more.not_whole;
  to.gaps += more.gaps;
  to.predicted_samples += more.predicted_samples;
  to.skipped_samples += more.skipped_samples;
  to.not_whole_samples += more.not_whole_samples;
  to.lost_samples += more.lost_samples;
  to.position += more.position;
}

}  // namespace

Witness::~Witness() {
  if (thread_.joinable()) thread_.join();  // the daemon's end is that of the stream
}

void Witness::follow(std::uint16_t port, Time started) {
  test::StreamClient client(port);
  client.send("{\"type\":\"subscribe\",\"from_seq\":1}\n");
  {
    const std::lock_guard lock(mutex_);
    ready_ = std::max(started, BootClock::now());
    connected_ = true;
    took_leave_ = false;
    instance_.clear();
  }
  thread_ = std::jthread([this, taken = std::move(client)]() mutable { read(taken); });
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kSilence, [this] { return !instance_.empty() || !connected_; });
}

bool Witness::close() {
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  return took_leave_;
}

void Witness::read(test::StreamClient& client) {
  try {
    while (const auto line = client.line(kSilence)) {
      const Time received = BootClock::now();
      const json::object message = json::parse(*line).as_object();
      const std::lock_guard lock(mutex_);
      take(message, received);
      changed_.notify_all();
    }
  } catch (const std::exception& error) {
    findings_.add(std::string("the stream: ") + error.what());
  }
  const std::lock_guard lock(mutex_);
  connected_ = false;
  close_books();
  changed_.notify_all();
}

void Witness::take(const json::object& message, Time received) {
  const std::string type = text(message, "type");
  if (type == "hello") begin_life(message, received);
  if (check_) check_->take(message);
  ++totals_.messages;
  if (type != "prediction" && type != "heartbeat" && type != "hello") trace_.line(json::serialize(message));
  if (type == "bye") took_leave_ = true;
  if (type == "error") findings_.add("the stream: " + json::serialize(message));
  if (type == "clock") clock_steps_.emplace_back(received, message.at("step_s").to_number<double>());
  if (type == "event") events_.tell(HeardOf::from(message, received));
  if (!message.contains("source")) return;
  Heard& heard = sources_[text(message, "source")];
  if (type == "source") {
    heard.state = text(message, "state");
    heard.changed = received;
    if (heard.state != "up") heard.broke = received;
  } else if (type == "prediction") {
    take_prediction(message, heard, received);
  }
}

void Witness::take_prediction(const json::object& message, Heard& heard, Time received) {
  heard.predicted = received;
  ++heard.predictions;
  const std::uint64_t start = number(message, "start_sample");
  const std::uint64_t end = number(message, "end_sample") - number(message, "padded_samples");
  if (end > heard.covered) heard.heard_samples += end - std::max(start, heard.covered);
  heard.covered = std::max(heard.covered, end);
  if (const auto moment = moment_of(message, heard, received)) check_level(message, *moment);
}

// When the window's end was heard, as the daemon says. Around a step of its clock the message may be of
// before: which it is tells the source's line; nothing if that is not known yet.
std::optional<Witness::Time> Witness::moment_of(const json::object& prediction, Heard& heard, Time received) {
  const std::chrono::nanoseconds utc = utc_of(text(prediction, "time")) - machine_offset();
  const double position_s = static_cast<double>(number(prediction, "end_sample")) / rate_hz_;
  std::vector<Time> moments{Time(utc - offset_)};
  if (received - offset_set_ < kAroundStep) {
    if (!heard.line_s) return std::nullopt;
    moments.emplace_back(utc - offset_before_);
  }
  const auto line_s = [&](Time moment) { return seconds(moment.time_since_epoch()) - position_s; };
  if (!heard.line_s) heard.line_s = line_s(moments.front());
  const auto off_s = [&](Time moment) { return std::abs(line_s(moment) - *heard.line_s); };
  const Time moment = *std::ranges::min_element(moments, {}, off_s);
  totals_.worst_line_s = std::max(totals_.worst_line_s, off_s(moment));
  if (off_s(moment) > seconds(kMomentTolerance))
    findings_.add(place_of(prediction) + ": its moment is " + std::to_string(off_s(moment)) +
                  " s off the source's line");
  return moment;
}

void Witness::check_level(const json::object& prediction, Time end) {
  const std::string source = text(prediction, "source");
  const auto sound = sounds_.find(source);
  if (sound == sounds_.end()) return;
  const std::uint64_t samples = number(prediction, "end_sample") - number(prediction, "start_sample");
  const SpokenSound::Levels levels =
      sound->second.levels(end - duration_of(samples, rate_hz_), end, kMomentTolerance);
  const double level = prediction.at("level_dbfs").to_number<double>();
  ++totals_.levels;
  if (level >= levels.least_dbfs && level <= levels.most_dbfs) return;
  std::ostringstream line;
  line << place_of(prediction) << ": " << level << " dBFS, where " << levels.least_dbfs << " to "
       << levels.most_dbfs << " was spoken";
  findings_.add(line.str());
}

void Witness::begin_life(const json::object& hello, Time received) {
  rate_hz_ = static_cast<int>(number(hello, "rate_hz"));
  const std::string instance = text(hello, "instance");
  if (std::exchange(instance_, instance) == instance) return;
  ++totals_.lives;
  events_.begin_life(instance_);
  check_.emplace();
  for (auto& [name, heard] : sources_) heard.broke = heard.changed = received;
}

void Witness::close_books() {
  if (!check_) return;
  std::istringstream problems(check_->problems());
  for (std::string line; std::getline(problems, line);) findings_.add("books: " + line);
  for (const auto& [name, book] : check_->sources()) {
    add(totals_.books, book.totals());
    if (took_leave_ && !book.ended()) findings_.add("books: " + name + " has not ended");
  }
  check_.reset();
  for (auto& [name, heard] : sources_) {
    heard.heard_before_s += static_cast<double>(heard.heard_samples) / rate_hz_;
    heard.heard_samples = heard.covered = heard.predictions = 0;
    heard.line_s.reset();
    heard.state.clear();
  }
}

Outcome Witness::await_recovery(const std::string& source, Time began, Time over, bool breaks,
                                std::chrono::seconds limit) {
  std::unique_lock lock(mutex_);
  const auto recovered = [&] {
    const Heard& heard = sources_[source];
    return heard.state == "up" && (!breaks || heard.broke > began) &&
           heard.predicted > std::max(over, heard.changed);
  };
  const auto deadline = std::chrono::steady_clock::now() + limit;
  if (!changed_.wait_until(lock, deadline, recovered)) {
    const Heard& heard = sources_[source];
    findings_.add(source + " has not recovered within " + std::to_string(limit.count()) + " s: it is \"" +
                  heard.state + "\"");
    return {};
  }
  const BootClock::duration took = sources_[source].changed - std::max(over, ready_);
  if (took < BootClock::duration::zero()) return {true, {}};
  return {true, seconds(took)};
}

bool Witness::await_state(const std::string& source, const std::string& state,
                          std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  return changed_.wait_until(lock, deadline, [&] { return sources_[source].state == state; });
}

Outcome Witness::await_clock(double step_s, const std::function<void()>& act,
                             std::chrono::milliseconds limit) {
  const Time began = BootClock::now();
  act();
  std::unique_lock lock(mutex_);
  const auto told = [&] {
    return std::ranges::find_if(clock_steps_, [&](const auto& step) {
      return step.first >= began && std::abs(step.second - step_s) < 0.1;
    });
  };
  const auto deadline = std::chrono::steady_clock::now() + limit;
  if (!changed_.wait_until(lock, deadline, [&] { return told() != clock_steps_.end(); })) return {};
  return {true, seconds(told()->first - began)};
}

void Witness::set_clock_offset(std::chrono::nanoseconds offset) {
  const std::lock_guard lock(mutex_);
  offset_before_ = std::exchange(offset_, offset);
  offset_set_ = BootClock::now();
}

std::string Witness::instance() const {
  const std::lock_guard lock(mutex_);
  return connected_ ? instance_ : std::string();
}

std::map<std::string, double> Witness::heard_s() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, double> all;
  for (const auto& [name, heard] : sources_)
    all[name] = heard.heard_before_s + static_cast<double>(heard.heard_samples) / rate_hz_;
  return all;
}

std::map<std::string, std::uint64_t> Witness::predictions() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::uint64_t> all;
  for (const auto& [name, heard] : sources_) all[name] = heard.predictions;
  return all;
}

Witness::Totals Witness::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace earshot::soak
