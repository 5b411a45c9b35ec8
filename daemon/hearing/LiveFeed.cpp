#include "daemon/hearing/LiveFeed.h"

#include <algorithm>
#include <utility>

namespace earshot {
namespace {

using namespace std::chrono_literals;
using Duration = BootClock::duration;

constexpr Duration kLate = 500ms;       // less is a network's mood
constexpr Duration kImproved = 50ms;    // that lateness has fallen by, and not by chance
constexpr Duration kSamePiece = 10ms;
constexpr Duration kDecision = 500ms;   // without that: what comes is new
constexpr Duration kMostEarly = 2s;
constexpr int kCreditTime = 100;        // of so much time a part may be early anew: a clock that is 1 % fast
constexpr Duration kDropping = 1s;      // at least, so that what is heard in between has windows

}  // namespace

void LiveFeed::begin(int rate_hz, Time heard, bool waited_for) {
  const std::uint64_t position = pipeline_.position();
  const bool goes_on = heard_any_ || position > 0;
  if (goes_on || waited_for) {
    // Something is missing between two stretches, however fast the first one came: no window spans them.
    const std::uint64_t least = position + (goes_on ? 1 : 0);
    pipeline_.pass(pipeline_.clock().position_at(heard, least) - position, loss_);
  }
  pipeline_.open(rate_hz);
  rate_hz_ = rate_hz;
  open_ = true;
  heard_any_ = true;
  pipeline_.clock().begin(pipeline_.position(), heard);
  credit_ = kMostEarly;
  spread_ = Duration::zero();
}

void LiveFeed::push(std::span<const float> samples, Time arrived) noexcept {
  if (samples.empty()) return;
  if (haste_ == Haste::welcome) {
    pipeline_.clock().arrive(pipeline_.position_after(samples.size()), arrived);
    return pipeline_.push(samples);
  }
  if (is_too_early(samples.size(), arrived)) return;
  std::uint64_t held = 0;
  for (const Late& each : late_) held += each.samples.size();
  const Duration lateness =
      pipeline_.clock().lateness(pipeline_.position_after(held + samples.size()), arrived);
  if (lateness <= kLate) {
    spread_ = std::max(spread_, lateness);
    release();
    const Duration later = pipeline_.clock().arrive(pipeline_.position_after(samples.size()), arrived);
    credit_ = std::min(kMostEarly, credit_ + later);
    return pipeline_.push_live(samples, arrived);
  }
  if (late_.empty() && !improving_) {
    least_lateness_ = lateness;
    improved_at_ = arrived;
  } else if (lateness < least_lateness_ - spread_ - kImproved) {
    least_lateness_ = lateness;
    improved_at_ = arrived;
    improving_ = true;
    hear_late();
    return pipeline_.push_live(samples, arrived);
  }
  late_.push_back({{samples.begin(), samples.end()}, arrived, lateness});
  // Within a block that comes piece by piece each is less late than the one before: the last one counts.
  const bool more_may_come = late_.size() < 2 || lateness < (late_.end() - 2)->lateness - kSamePiece;
  if (!more_may_come) tick(arrived);
}

void LiveFeed::lose(std::uint64_t samples, GapReason reason) noexcept {
  release();
  pipeline_.lose(samples, reason);
}

void LiveFeed::tick(Time now) noexcept {
  if (!late_.empty() && now - improved_at_ >= kDecision) release_after_gap();
}

void LiveFeed::end() noexcept {
  if (!std::exchange(open_, false)) return;
  let_go();
  pipeline_.close();
}

void LiveFeed::finish() noexcept {
  if (std::exchange(open_, false)) let_go();
  pipeline_.finish();
}

void LiveFeed::let_go() noexcept {
  if (!late_.empty()) release_after_gap();
  improving_ = false;
  if (dropping_from_) end_dropping(0);
}

// All of it was only held up.
void LiveFeed::release() noexcept {
  const bool held_up = !late_.empty() || improving_;
  improving_ = false;
  hear_late();
  if (held_up) pipeline_.clock().pass_over(pipeline_.position_after(0));
}

void LiveFeed::hear_late() noexcept {
  for (const Late& each : std::exchange(late_, {})) pipeline_.push_live(each.samples, each.arrived);
}

// All of it is new: what it is late by, at least, never came. It is a stretch of its own.
void LiveFeed::release_after_gap() noexcept {
  const auto least = std::min_element(late_.begin(), late_.end(),
                                      [](const Late& a, const Late& b) { return a.lateness < b.lateness; });
  SourceClock& clock = pipeline_.clock();
  const std::uint64_t position = pipeline_.position_after(0);
  const Time heard = clock.time_of(position) + least->lateness;
  pipeline_.drop(0, clock.position_heard_at(heard, position + 1), loss_);
  clock.go_on(pipeline_.position_after(0), heard);
  release();
}

// The timeline goes on at `to`, and a sample later at least.
void LiveFeed::end_dropping(std::uint64_t to) noexcept {
  dropping_from_.reset();
  pipeline_.drop(std::exchange(dropped_, 0), std::max(to, pipeline_.position_after(0) + 1), GapReason::overflow);
  const std::uint64_t position = pipeline_.position_after(0);
  pipeline_.clock().begin(position, pipeline_.clock().time_of(position));
}

bool LiveFeed::is_too_early(std::size_t samples, Time arrived) noexcept {
  if (haste_ != Haste::dropped) return false;
  if (dropping_from_) {
    dropped_ += samples;
    if (arrived - *dropping_from_ < kDropping) return true;
    // These samples are the first to be heard again: behind what was dropped if the clock has caught up with
    // that, as it has between two batches; else where the clock is.
    dropped_ -= samples;
    const Time heard = arrived - duration_of(samples, rate_hz_);
    end_dropping(std::min(pipeline_.position_after(dropped_), pipeline_.clock().position_heard_at(heard, 0)));
    credit_ = kMostEarly;
    return false;
  }
  const Duration late = pipeline_.clock().lateness(pipeline_.position_after(samples), arrived);
  credit_ = std::min(kMostEarly, credit_ + duration_of(samples, rate_hz_) / kCreditTime);
  if (late >= Duration::zero()) return false;
  credit_ += late;
  if (credit_ >= Duration::zero()) return false;
  release();
  dropping_from_ = arrived;
  dropped_ = samples;
  return true;
}

}  // namespace earshot
