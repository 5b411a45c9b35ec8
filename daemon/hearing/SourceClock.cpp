#include "daemon/hearing/SourceClock.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr BootClock::duration kFirstBlock = 2s;      // of a stretch
constexpr BootClock::duration kBlock = 5s;           // the others
constexpr int kSettling = 2;                         // blocks of a stretch, before they tell of the clock
constexpr BootClock::duration kTelling = 1s;         // of a block at least was not held up
constexpr BootClock::duration kLeastMeasured = 60s;  // before drift is told
constexpr int kMostDrift = 100;                      // a hundredth; more is no clock's drift

}  // namespace

void SourceClock::begin(std::uint64_t position, Time heard) noexcept {
  const bool first = !std::exchange(begun_, true);
  if (first) anchor(position, heard);
  usual_.reset();
  go_on(position, heard);
  first_ = first;
}

void SourceClock::go_on(std::uint64_t position, Time heard) noexcept {
  first_ = false;
  anchor(position, line(position));
  latency_ = heard - moment_;
  settling_ = kSettling;
  begin_block(position);
}

SourceClock::Duration SourceClock::arrive(std::uint64_t position, Time arrived) noexcept {
  const Duration late = lateness(position, arrived);
  if (late < Duration::zero()) settle_or_move(late, position);  // nothing arrives before it was heard
  least_ = std::min(least_, std::max(late, Duration::zero()));
  arrived_to_ = position;
  const std::uint64_t samples = position - block_from_;
  if (duration_of(samples, rate_hz_) < (settling_ == kSettling ? kFirstBlock : kBlock) ||
      duration_of(samples - held_, rate_hz_) < kTelling) {
    return Duration::zero();
  }
  const Duration later = least_;
  settle_or_move(later, position);
  if (settling_ > 0) {
    if (--settling_ == 0 && !usual_) usual_ = latency_;
  } else {
    measure(position);
  }
  begin_block(position);
  return later;
}

void SourceClock::pass_over(std::uint64_t position) noexcept {
  held_ += position - std::exchange(arrived_to_, position);
}

SourceClock::Time SourceClock::time_of(std::uint64_t position) const noexcept {
  return line(position) + latency_;
}

std::uint64_t SourceClock::position_at(Time moment, std::uint64_t least) const noexcept {
  const double away_s = std::chrono::duration<double>(moment - moment_).count();
  const double position = static_cast<double>(position_) + away_s * measured_rate_hz();
  return position > static_cast<double>(least) ? static_cast<std::uint64_t>(std::llround(position)) : least;
}

std::optional<double> SourceClock::drift_ppm() const noexcept {
  if (measured_.lasted == Duration::zero()) return std::nullopt;
  const Duration ahead = measured_.lasted - measured_.took;
  return 1e6 * static_cast<double>(ahead.count()) / static_cast<double>(measured_.took.count());
}

SourceClock::Time SourceClock::line(std::uint64_t position) const noexcept {
  const double samples = static_cast<double>(position) - static_cast<double>(position_);
  return moment_ + std::chrono::round<Duration>(std::chrono::duration<double>(samples / measured_rate_hz()));
}

void SourceClock::anchor(std::uint64_t position, Time moment) noexcept {
  position_ = position;
  moment_ = moment;
}

void SourceClock::begin_block(std::uint64_t position) noexcept {
  block_from_ = arrived_to_ = position;
  block_began_ = line(position);
  held_ = 0;
  least_ = Duration::max();
}

void SourceClock::settle_or_move(Duration by, std::uint64_t position) noexcept {
  if (settling_ > 0 && !first_) {
    latency_ += by;
  } else {
    anchor(position, line(position) + by);
  }
}

// By minutes: what a network's mood moves the line by within one it moves back.
void SourceClock::measure(std::uint64_t position) noexcept {
  minute_.lasted += duration_of(position - block_from_, rate_hz_);
  minute_.took += line(position) - block_began_;
  if (minute_.lasted < kLeastMeasured) return;
  const auto [lasted, took] = std::exchange(minute_, {});
  if (std::chrono::abs(took - lasted) > lasted / kMostDrift) return;
  measured_.lasted += lasted;
  measured_.took += took;
}

double SourceClock::measured_rate_hz() const noexcept {
  return rate_hz_ * (1.0 + drift_ppm().value_or(0.0) * 1e-6);
}

}  // namespace earshot
