#include "tests/soak/EventBook.h"

#include <algorithm>
#include <utility>

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto kUnwritten = 2s;  // before a kill -9: on its way from the source's thread to a disk

std::string text(const boost::json::object& message, std::string_view key) {
  return std::string(message.at(key).as_string());
}

}  // namespace

HeardOf HeardOf::from(const boost::json::object& event, BootClock::time_point when) {
  return {text(event, "source"), {text(event, "event_id"), text(event, "phase")}, when};
}

void EventBook::begin_life(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  lives_.push_back({.instance = instance, .events = {}, .ended = {}});
}

void EventBook::tell(const HeardOf& event) {
  const std::lock_guard lock(mutex_);
  if (!lives_.empty()) lives_.back().events.push_back(event);
}

void EventBook::end_life(bool killed) {
  const std::lock_guard lock(mutex_);
  if (lives_.empty()) return;
  lives_.back().ended = BootClock::now();
  lives_.back().killed = killed;
}

const EventBook::Life* EventBook::life_of(const std::string& instance) const {
  const auto life = std::ranges::find(lives_, instance, &Life::instance);
  return life == lives_.end() ? nullptr : &*life;
}

EventBook::Told EventBook::find(const EventKey& event) const {
  const std::lock_guard lock(mutex_);
  const Life* const life = life_of(event.instance());
  if (!life) return {};
  const auto told = std::ranges::find(life->events, event, &HeardOf::event);
  if (told == life->events.end()) return {.when = {}, .ended = life->ended};
  return {.when = told->when, .ended = life->ended};
}

std::size_t EventBook::count() const {
  const std::lock_guard lock(mutex_);
  std::size_t all = 0;
  for (const Life& life : lives_) all += life.events.size();
  return all;
}

std::size_t EventBook::hold_in_order(const std::string& outlet, const std::vector<HeardOf>& seen) const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> sources;
  for (const Life& life : lives_) {
    for (const HeardOf& each : life.events) sources.insert(each.source);
  }
  for (const HeardOf& each : seen) sources.insert(each.source);
  std::size_t taken = 0;
  for (const std::string& source : sources) taken += hold_source(outlet, source, seen);
  return taken;
}

// After a kill -9 either may know more of the life's end than the other.
std::size_t EventBook::hold_source(const std::string& outlet, const std::string& source,
                                   const std::vector<HeardOf>& seen) const {
  std::vector<std::pair<const Life*, const HeardOf*>> due;
  for (const Life& life : lives_) {
    for (const HeardOf& each : life.events) {
      if (each.source == source) due.emplace_back(&life, &each);
    }
  }
  const auto may_be_missing = [](const auto& told) {
    return told.first->killed && told.second->when > *told.first->ended - kUnwritten;
  };
  std::size_t taken = 0;
  auto next = due.begin();
  for (const HeardOf& each : seen) {
    if (each.source != source) continue;
    const Life* const life = life_of(each.event.instance());
    while (next != due.end() && next->second->event != each.event && may_be_missing(*next)) ++next, ++taken;
    if (next != due.end() && next->second->event == each.event) {
      ++next;
    } else if (!life || !life->killed || (next != due.end() && next->first == life)) {
      findings_.add(outlet + ": of " + source + ' ' + each.event.text() + " where " +
                    (next == due.end() ? "nothing" : next->second->event.text()) + " is due");
      return taken;
    }
  }
  for (; next != due.end(); ++next, ++taken) {
    if (may_be_missing(*next)) continue;
    findings_.add(outlet + ": of " + source + ' ' + next->second->event.text() + " never came");
    return taken;
  }
  return taken;
}

std::vector<EventKey> EventBook::missing(const std::set<std::string>& sources, const std::set<EventKey>& seen,
                                         const Excuse& excused, Time until) const {
  const std::lock_guard lock(mutex_);
  std::vector<EventKey> missing;
  for (const Life& life : lives_) {
    for (const HeardOf& each : life.events) {
      if (!sources.contains(each.source) || seen.contains(each.event) || each.when > until) continue;
      if (life.ended &&
          (each.when > *life.ended - kUnwritten || (excused && excused(each.when, *life.ended))))
        continue;
      missing.push_back(each.event);
    }
  }
  return missing;
}

}  // namespace earshot::soak
