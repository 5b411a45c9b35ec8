#include "daemon/Journal.h"

#include <exception>

#include "daemon/log/Logging.h"
#include "daemon/stream/JsonLine.h"

namespace earshot {

Journal::~Journal() {
  const std::lock_guard lock(mutex_);
  say_due(true);
}

void Journal::publish(Message message) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (const auto* change = std::get_if<SourceChange>(&message)) {
      log(*change);
      if (change->forgotten) forget(change->source);
    }
    if (const auto* gap = std::get_if<Gap>(&message)) log(*gap);
    if (const auto* clock = std::get_if<ClockStep>(&message))
      log_warning("the clock was set by {:+.3f} s", clock->step_s);
  } catch (const std::exception&) {  // no memory for a line: the stream still tells
  }
  next_.publish(std::move(message));
}

void Journal::tick() noexcept {
  const std::lock_guard lock(mutex_);
  say_due(false);
}

void Journal::log(const SourceChange& change) {
  Changes& changes = changes_[change.source];
  const Clock::time_point now = now_();
  if (now >= changes.quiet_until) {
    summarise(changes);
    changes.lines = 0;
    changes.quiet_until = now + kPause;
  }
  changes.last = change;
  if (changes.lines == kMostChanges && change.state != SourceState::ended) {
    ++changes.unsaid;
    return;
  }
  if (change.state == SourceState::ended) changes.unsaid = 0;
  ++changes.lines;
  const bool bad = change.state == SourceState::down || change.state == SourceState::stalled;
  log_line(bad ? LogLevel::warning : LogLevel::info, "source '{}' {}: {}", change.source, to_string(change.state),
           change.detail);
}

// A sender that named itself and will not be back: others may follow for ever.
void Journal::forget(const std::string& source) {
  changes_.erase(source);
  std::erase_if(losses_, [&](const auto& each) { return each.first.first == source; });
}

void Journal::log(const Gap& gap) {
  Losses& losses = losses_[{gap.source, gap.reason}];
  const Clock::time_point now = now_();
  if (now < losses.quiet_until || losses.gaps > 0) {  // it goes on: tick() tells
    ++losses.gaps;
    losses.samples += gap.samples;
    losses.windows += gap.windows;
    return;
  }
  losses.quiet_until = now + kPause;
  if (gap.reason == GapReason::overload) {
    log_warning("source '{}': {} windows skipped from sample {} on: classification is too slow", gap.source,
                gap.windows, gap.start_sample);
  } else {
    log_warning("source '{}': {:.3f} s lost at sample {} ({})", gap.source,
                static_cast<double>(gap.samples) / rate_hz_, gap.start_sample, to_string(gap.reason));
  }
}

void Journal::summarise(const std::string& source, GapReason reason, Losses& losses) const {
  if (losses.gaps == 0) return;
  if (reason == GapReason::overload) {
    log_warning("source '{}': {} more windows skipped within {} s: classification is too slow", source, losses.windows,
                kPause.count());
  } else {
    log_warning("source '{}': {:.3f} s more lost within {} s, in {} gaps ({})", source,
                static_cast<double>(losses.samples) / rate_hz_, kPause.count(), losses.gaps, to_string(reason));
  }
  losses = {};
}

void Journal::summarise(Changes& changes) {
  if (changes.unsaid == 0) return;
  log_warning("source '{}' changed its state {} more times within {} s, now {}: {}", changes.last.source, changes.unsaid,
              kPause.count(), to_string(changes.last.state), changes.last.detail);
  changes.unsaid = 0;
}

void Journal::say_due(bool all) {
  const Clock::time_point now = now_();
  for (auto& [key, losses] : losses_) {
    if (losses.gaps == 0 || (!all && now < losses.quiet_until)) continue;
    summarise(key.first, key.second, losses);
    losses.quiet_until = now + kPause;
  }
  for (auto& [source, changes] : changes_) {
    if (changes.unsaid == 0 || (!all && now < changes.quiet_until)) continue;
    summarise(changes);
    changes.lines = 0;
    changes.quiet_until = now + kPause;
  }
}

}  // namespace earshot
