#include "daemon/capture/SpscRing.h"

#include <algorithm>
#include <bit>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

std::size_t checked_capacity(std::size_t capacity) {
  if (capacity == 0) throw Error(ExitCode::software, "SpscRing: found a capacity of 0, expected at least 1");
  return std::bit_ceil(capacity);
}

}  // namespace

SpscRing::SpscRing(std::size_t capacity) : cells_(checked_capacity(capacity)), holes_(kHoles) {}

void SpscRing::push(std::span<const float> samples) noexcept {
  const std::uint64_t head = pushed_.load(std::memory_order_relaxed);
  const std::uint64_t free = cells_.size() - (head - popped_.load(std::memory_order_acquire));
  const std::uint64_t holes = holes_pushed_.load(std::memory_order_relaxed);
  const bool marks_full = holes - holes_popped_.load(std::memory_order_acquire) == kHoles;
  if (samples.size() > free || (pending_hole_ > 0 && marks_full)) {
    pending_hole_ += samples.size();
    return;
  }
  if (samples.empty()) return;
  if (pending_hole_ > 0) {
    holes_[holes % kHoles] = {head, pending_hole_};
    pending_hole_ = 0;
    holes_pushed_.store(holes + 1, std::memory_order_release);
  }
  const std::size_t at = head & (cells_.size() - 1);
  const std::size_t first = std::min(samples.size(), cells_.size() - at);
  std::copy_n(samples.begin(), first, cells_.begin() + static_cast<std::ptrdiff_t>(at));
  std::copy(samples.begin() + static_cast<std::ptrdiff_t>(first), samples.end(), cells_.begin());
  pushed_.store(head + samples.size(), std::memory_order_release);
}

SpscRing::Piece SpscRing::pop(std::span<float> out) noexcept {
  const std::uint64_t tail = popped_.load(std::memory_order_relaxed);
  std::uint64_t count = pushed_.load(std::memory_order_acquire) - tail;
  const std::uint64_t holes = holes_popped_.load(std::memory_order_relaxed);
  if (count > 0 && holes != holes_pushed_.load(std::memory_order_acquire)) {
    const Hole& hole = holes_[holes % kHoles];
    if (hole.position == tail) {
      const Piece piece{.samples = 0, .hole = hole.samples};
      holes_popped_.store(holes + 1, std::memory_order_release);
      return piece;
    }
    count = std::min(count, hole.position - tail);
  }
  count = std::min<std::uint64_t>(count, out.size());
  const std::size_t at = tail & (cells_.size() - 1);
  const std::size_t first = std::min<std::size_t>(count, cells_.size() - at);
  std::copy_n(cells_.begin() + static_cast<std::ptrdiff_t>(at), first, out.begin());
  std::copy_n(cells_.begin(), count - first, out.begin() + static_cast<std::ptrdiff_t>(first));
  popped_.store(tail + count, std::memory_order_release);
  return {.samples = static_cast<std::size_t>(count), .hole = 0};
}

std::size_t SpscRing::waiting() const noexcept {
  return static_cast<std::size_t>(pushed_.load(std::memory_order_acquire) -
                                  popped_.load(std::memory_order_relaxed));
}

}  // namespace earshot
