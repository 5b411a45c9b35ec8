#include "daemon/capture/CaptureIntake.h"

#include <algorithm>
#include <array>
#include <span>

namespace earshot {

CaptureIntake::CaptureIntake(CaptureMemory& memory, int rate_hz, std::size_t channels, std::optional<int> channel)
    : memory_(memory),
      ring_(memory.indices, memory.cells),
      rate_hz_(rate_hz),
      channels_(channels),
      mixer_(channel ? std::optional(static_cast<std::size_t>(*channel - 1)) : std::nullopt) {
  restart_clock(Clock::now());
}

void CaptureIntake::restart_clock(Clock::time_point now) noexcept {
  last_taken_ = now;
  const auto since_epoch = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch());
  memory_.last_taken_ns.store(since_epoch.count(), std::memory_order_relaxed);  // pushing samples releases it
}

void CaptureIntake::take(const float* interleaved, std::size_t frames, bool overflowed,
                         Clock::time_point now) noexcept {
  if (overflowed) ring_.push_hole(lost_samples(now, frames));
  restart_clock(now);
  std::array<float, 256> mono;
  while (frames > 0) {
    const std::size_t count = std::min(frames, mono.size());
    for (std::size_t i = 0; i < count; ++i) mono[i] = mixer_(std::span(interleaved + i * channels_, channels_));
    ring_.push(std::span(mono).first(count));
    interleaved += count * channels_;
    frames -= count;
  }
  memory_.bad_samples.fetch_add(mixer_.take_bad_samples(), std::memory_order_relaxed);
}

// The overflow flag carries no count: what the clock says has gone by, less what has come.
std::uint64_t CaptureIntake::lost_samples(Clock::time_point now, std::size_t came) const noexcept {
  const double elapsed_s = std::chrono::duration<double>(now - last_taken_).count();
  return static_cast<std::uint64_t>(std::max(1.0, elapsed_s * rate_hz_ - static_cast<double>(came)));
}

}  // namespace earshot
