#include "daemon/web/HeardTally.h"

#include <algorithm>
#include <chrono>
#include <variant>

namespace earshot {

void HeardTally::change(const StreamFacts& facts) {
  const std::lock_guard lock(mutex_);
  if (facts.instance != instance_) {
    heard_.sources.clear();
    gone_.clear();
  }
  const auto is_listed = [&](const std::string& name) {
    return std::ranges::find(facts.sources, name, &SourceFacts::name) != facts.sources.end();
  };
  std::map<std::string, Source, std::less<>> gone;
  for (auto next = heard_.sources.begin(); next != heard_.sources.end();) {
    const auto each = next++;
    if (each->second.configured && !is_listed(each->first)) gone.insert(heard_.sources.extract(each));
  }
  for (const SourceFacts& each : facts.sources) {
    if (auto back = gone_.extract(each.name))
      heard_.sources.insert_or_assign(each.name, std::move(back.mapped()));
    source(each.name).configured = true;
  }
  gone_ = std::move(gone);
  event_kinds_ = 0;
  for (const auto& each : heard_.sources) event_kinds_ += each.second.events.size();
  heard_.model_name = facts.model_name;
  heard_.model_sha256 = facts.model_sha256;
  instance_ = facts.instance;
  rate_hz_ = facts.rate_hz;
}

void HeardTally::hear(const Message& message) noexcept {
  const std::lock_guard lock(mutex_);
  std::visit([this](const auto& what) { take(what); }, message);
}

HeardTally::Heard HeardTally::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

HeardTally::Source& HeardTally::source(const std::string& name) {
  return heard_.sources[name];
}

void HeardTally::take(const Prediction& prediction) {
  Source& of = source(prediction.source);
  ++of.predictions;
  if (prediction.gated) ++of.gated;
  const std::chrono::duration<double> latency = utc_.at(BootClock::now()) - prediction.time;
  if (latency.count() < 0.0) return;  // a file that is played faster than time goes by
  const auto bound = std::ranges::lower_bound(kLatencyBounds_s, latency.count());
  ++heard_.latencies.counts[static_cast<std::size_t>(bound - kLatencyBounds_s.begin())];
  heard_.latencies.sum_s += latency.count();
}

void HeardTally::take(const Event& event) {
  if (event.phase != Event::Phase::start) return;
  auto& events = source(event.source).events;
  if (const auto known = events.find(event.label); known != events.end()) {
    ++known->second;
    return;
  }
  // "other" may be one more a source: sources are bounded themselves.
  const bool is_one_too_many = event_kinds_ >= kMostEventKinds;
  const auto [kind, added] = events.try_emplace(is_one_too_many ? kOtherLabel : event.label, 0);
  if (added) ++event_kinds_;
  ++kind->second;
}

void HeardTally::take(const Gap& gap) {
  Gaps& gaps = source(gap.source).gaps[static_cast<std::size_t>(gap.reason)];
  ++gaps.count;
  if (rate_hz_ > 0) gaps.lost_s += static_cast<double>(gap.samples) / rate_hz_;
}

void HeardTally::take(const SourceChange& change) {
  if (!change.forgotten) {
    Source& of = source(change.source);
    of.state = change.state;
    of.detail = change.detail;
    return;
  }
  gone_.erase(change.source);
  if (const auto gone = heard_.sources.find(change.source); gone != heard_.sources.end()) {
    event_kinds_ -= gone->second.events.size();
    heard_.sources.erase(gone);
  }
}

}  // namespace earshot
