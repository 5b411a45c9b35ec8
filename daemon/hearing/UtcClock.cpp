#include "daemon/hearing/UtcClock.h"

#include <cstdlib>
#include <limits>

namespace earshot {
namespace {

constexpr std::int64_t kFollowedUs = 1'000;
constexpr std::int64_t kStepUs = 50'000;
constexpr int kTries = 8;

std::int64_t boot_us(BootClock::time_point moment) noexcept {
  return std::chrono::floor<std::chrono::microseconds>(moment.time_since_epoch()).count();
}

// Between two readings of the one clock, so that a thread which is put to sleep there does not read a step.
std::int64_t read_offset_us(UtcClock::Now now) noexcept {
  std::int64_t offset = 0;
  std::int64_t least_took = std::numeric_limits<std::int64_t>::max();
  for (int tries = 0; tries < kTries && least_took >= kFollowedUs / 2; ++tries) {
    const std::int64_t before = boot_us(BootClock::now());
    const std::int64_t utc = now().time_since_epoch().count();
    const std::int64_t after = boot_us(BootClock::now());
    if (after - before >= least_took) continue;
    least_took = after - before;
    offset = utc - (before + after) / 2;
  }
  return offset;
}

}  // namespace

UtcClock::UtcClock(Now now) noexcept : now_(now), offset_us_(read_offset_us(now)) {}

UtcTime UtcClock::at(BootClock::time_point moment) noexcept {
  return UtcTime(std::chrono::microseconds(boot_us(moment) + offset_us()));
}

double UtcClock::take_step_s() noexcept {
  offset_us();
  return static_cast<double>(stepped_us_.exchange(0, std::memory_order_relaxed)) / 1e6;
}

std::int64_t UtcClock::offset_us() noexcept {
  const std::int64_t found = read_offset_us(now_);
  std::int64_t held = offset_us_.load(std::memory_order_relaxed);
  while (std::llabs(found - held) > kFollowedUs) {
    if (!offset_us_.compare_exchange_weak(held, found, std::memory_order_relaxed)) continue;
    if (std::llabs(found - held) >= kStepUs) stepped_us_.fetch_add(found - held, std::memory_order_relaxed);
    return found;
  }
  return held;
}

}  // namespace earshot
