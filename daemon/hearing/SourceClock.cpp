#include "daemon/hearing/SourceClock.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr BootClock::duration kSettling = 2s;        // the first block of a stretch
constexpr BootClock::duration kBlock = 5s;           // the others
constexpr BootClock::duration kMostDrift = 50ms;     // of a block: 1 %; more is no clock's drift
constexpr BootClock::duration kLeastMeasured = 60s;  // before drift is told

}  // namespace

void SourceClock::begin(std::uint64_t position, Time heard) noexcept {
  first_ = !std::exchange(begun_, true);
  if (first_) {
    position_ = position;
    moment_ = heard;
  }
  latency_ = Duration(0);
  latency_ = heard - time_of(position);
  settling_ = true;
  block_from_ = position;
  any_ = false;
}

void SourceClock::arrive(std::uint64_t position, Time arrived) noexcept {
  const Duration late = lateness(position, arrived);
  if (late < Duration(0)) {  // nothing arrives before it was heard
    settle_or_move(late);
  }
  least_ = any_ ? std::min(least_, late) : late;
  least_ = std::max(least_, Duration(0));
  any_ = true;
  const Duration lasted = duration_of(position - block_from_, rate_hz_);
  if (lasted < (settling_ ? kSettling : kBlock)) return;
  settle_or_move(least_);
  if (!settling_) measured_ += lasted;
  moment_ = time_of(position) - latency_;
  position_ = position;
  settling_ = false;
  any_ = false;
  block_from_ = position;
}

void SourceClock::pass_over(std::uint64_t position) noexcept {
  any_ = false;
  block_from_ = position;
}

SourceClock::Time SourceClock::time_of(std::uint64_t position) const noexcept {
  return moment_ + latency_ +
         (position >= position_ ? duration_of(position - position_, rate_hz_)
                                : -duration_of(position_ - position, rate_hz_));
}

std::uint64_t SourceClock::position_at(Time moment, std::uint64_t least) const noexcept {
  const double away_s = std::chrono::duration<double>(moment - moment_).count();
  const double rate_hz = rate_hz_ * (1.0 + drift_ppm().value_or(0.0) * 1e-6);
  const double position = static_cast<double>(position_) + away_s * rate_hz;
  return position > static_cast<double>(least) ? static_cast<std::uint64_t>(std::llround(position)) : least;
}

std::optional<double> SourceClock::drift_ppm() const noexcept {
  if (measured_ < kLeastMeasured) return std::nullopt;
  return -1e6 * std::chrono::duration<double>(drifted_).count() / std::chrono::duration<double>(measured_).count();
}

void SourceClock::settle_or_move(Duration by) noexcept {
  if (settling_ && !first_) {
    latency_ += by;
    return;
  }
  moment_ += by;
  if (!settling_ && std::chrono::abs(by) <= kMostDrift) drifted_ += by;
}

}  // namespace earshot
