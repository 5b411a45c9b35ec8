#include "tests/soak/Hook.h"

#include <algorithm>

#include <boost/json.hpp>

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto kBefore = 3s;  // a trouble: what was on its way then

}  // namespace

Hook::Hook(std::uint16_t port, std::set<std::string> sources) : port_(port), sources_(std::move(sources)) {
  serve(false);
}

std::string Hook::table() const {
  std::string list;
  for (const std::string& source : sources_) list += (list.empty() ? "\"" : ", \"") + source + '"';
  return "[[action]]\nsources = [" + list +
         "]\nphase = \"both\"\nper_minute = 600\nat_once = 4\ntimeout_s = 2.0\nurl = \"http://127.0.0.1:" +
         std::to_string(port_) + "/hook\"\n";
}

void Hook::go_away() {
  const std::lock_guard lock(mutex_);
  troubles_.push_back({BootClock::now(), {}});
  harvest();
  server_.reset();
}

void Hook::stall() {
  const std::lock_guard lock(mutex_);
  troubles_.push_back({BootClock::now(), {}});
  harvest();
  serve(true);
}

void Hook::come_back() {
  const std::lock_guard lock(mutex_);
  harvest();
  serve(false);
}

void Hook::has_recovered() {
  const std::lock_guard lock(mutex_);
  troubles_.back().to = BootClock::now();
}

void Hook::serve(bool stalls) {
  server_.reset();
  stalls_ = stalls;
  harvested_ = 0;
  server_ = std::make_unique<test::HookServer>(
      [stalls](std::size_t) { return stalls ? std::string() : test::http_answer("200 OK"); }, port_);
}

// What the present server has taken since the last look.
void Hook::harvest() {
  if (!server_ || stalls_) return;
  const std::vector<test::HookRequest> requests = server_->await(0);
  for (; harvested_ < requests.size(); ++harvested_) {
    const auto event = boost::json::parse(requests[harvested_].body).as_object();
    if (!taken_.insert(HeardOf::from(event, {}).event).second) ++repeated_;
  }
}

std::set<EventKey> Hook::taken() {
  const std::lock_guard lock(mutex_);
  harvest();
  return taken_;
}

std::size_t Hook::repeated() {
  const std::lock_guard lock(mutex_);
  harvest();
  return repeated_;
}

std::size_t Hook::troubles() const {
  const std::lock_guard lock(mutex_);
  return troubles_.size();
}

bool Hook::excuses(BootClock::time_point told, BootClock::time_point ended) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(troubles_, [&](const Trouble& each) {
    return ended >= each.from && (!each.to || ended <= *each.to) && told >= each.from - kBefore;
  });
}

}  // namespace earshot::soak
