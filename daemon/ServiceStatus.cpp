#include "daemon/ServiceStatus.h"

#include <algorithm>
#include <string_view>

#include <boost/asio/post.hpp>

#include "daemon/stream/JsonLine.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

/// systemd takes no more than a page; `systemctl status` is read by people.
constexpr std::size_t kMostBytes = 1'000;
constexpr std::size_t kMostHeardBytes = 400;  // beyond that their number says more
constexpr std::string_view kCut = " ...";

std::string local_minute(std::time_t time) {
  std::tm parts{};
  ::localtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts)};
}

std::string not_heard(const SourceStatus& source) {
  return source.last.source + " (" + std::string(to_string(source.last.state)) + " since " +
         local_minute(source.since) + ": " + source.last.detail + ')';
}

void append(std::string& list, const std::string& word) {
  list += (list.empty() ? "" : ", ") + word;
}

}  // namespace

std::string status_line(const std::vector<SourceStatus>& sources) {
  std::string heard;
  std::string unheard;
  std::size_t count = 0;
  for (const SourceStatus& source : sources) {
    if (source.last.state == SourceState::up) {
      ++count;
      append(heard, source.last.source);
    } else {
      append(unheard, not_heard(source));
    }
  }
  if (heard.size() > kMostHeardBytes) heard = std::to_string(count) + " sources";
  std::string line = "hearing " + (heard.empty() ? "nothing" : heard);
  if (!unheard.empty()) line += "; not " + unheard;
  line = printable(line);
  if (line.size() <= kMostBytes) return line;
  std::size_t end = kMostBytes - kCut.size();
  while ((static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;  // inside a character
  return line.substr(0, end) += kCut;
}

ServiceStatus::ServiceStatus(boost::asio::io_context& main, MessageSink& next,
                             std::function<void(const std::string&)> notify,
                             std::chrono::milliseconds interval)
    : main_(main), next_(next), notify_(std::move(notify)), interval_(interval), timer_(main) {}

void ServiceStatus::publish(Message message) noexcept {
  if (const auto* change = std::get_if<SourceChange>(&message)) take(*change);
  next_.publish(std::move(message));
}

void ServiceStatus::forget_all() {
  const std::lock_guard lock(mutex_);
  sources_.clear();
}

void ServiceStatus::take(const SourceChange& change) {
  const std::lock_guard lock(mutex_);
  const auto known =
      std::ranges::find(sources_, change.source, [](const auto& each) { return each.last.source; });
  if (change.forgotten) {
    if (known != sources_.end()) sources_.erase(known);
  } else if (known == sources_.end()) {
    sources_.push_back({change, std::time(nullptr)});
  } else {
    if (known->last.state != change.state) known->since = std::time(nullptr);
    known->last = change;
  }
  if (!std::exchange(changed_, true)) boost::asio::post(main_, [this] { send_when_due(); });
}

void ServiceStatus::send_when_due() {
  timer_.expires_at(due_);
  timer_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled) send();
  });
}

void ServiceStatus::send() {
  std::string line;
  {
    const std::lock_guard lock(mutex_);
    changed_ = false;
    line = status_line(sources_);
  }
  notify_("STATUS=" + line);
  due_ = std::chrono::steady_clock::now() + interval_;
}

}  // namespace earshot
