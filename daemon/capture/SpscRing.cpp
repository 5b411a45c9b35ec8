#include "daemon/capture/SpscRing.h"

#include <algorithm>
#include <bit>
#include <string>

#include "dsp/base/Error.h"

namespace earshot {

SpscRing::SpscRing(RingIndices& shared, std::span<float> cells) : shared_(shared), cells_(cells) {
  if (!std::has_single_bit(cells.size()))
    throw Error(ExitCode::software,
                "SpscRing: found " + std::to_string(cells.size()) + " cells, expected a power of two");
}

void SpscRing::push(std::span<const float> samples) noexcept {
  const std::uint64_t free = cells_.size() - (samples_ - shared_.popped.load(std::memory_order_acquire));
  const bool marks_full =
      holes_ - shared_.holes_popped.load(std::memory_order_acquire) == RingIndices::kHoles;
  if (samples.size() > free || (pending_hole_ > 0 && marks_full)) {
    pending_hole_ += samples.size();
    return;
  }
  if (samples.empty()) return;
  if (pending_hole_ > 0) {
    shared_.holes[holes_ % RingIndices::kHoles] = {samples_, pending_hole_};
    pending_hole_ = 0;
    shared_.holes_pushed.store(++holes_, std::memory_order_release);
  }
  const std::size_t at = samples_ & (cells_.size() - 1);
  const std::size_t first = std::min(samples.size(), cells_.size() - at);
  std::copy_n(samples.begin(), first, cells_.begin() + static_cast<std::ptrdiff_t>(at));
  std::copy(samples.begin() + static_cast<std::ptrdiff_t>(first), samples.end(), cells_.begin());
  samples_ += samples.size();
  shared_.pushed.store(samples_, std::memory_order_release);
}

SpscRing::Piece SpscRing::pop(std::span<float> out) noexcept {
  std::uint64_t count = waiting();
  if (count > 0 && holes_ != shared_.holes_pushed.load(std::memory_order_acquire)) {
    const RingIndices::Hole hole = shared_.holes[holes_ % RingIndices::kHoles];
    if (hole.position < samples_ || hole.samples == 0 || hole.samples > kMostHole) return give_up();
    if (hole.position == samples_) {
      shared_.holes_popped.store(++holes_, std::memory_order_release);
      return {.samples = 0, .hole = hole.samples};
    }
    count = std::min(count, hole.position - samples_);
  }
  count = std::min<std::uint64_t>(count, out.size());
  const std::size_t at = samples_ & (cells_.size() - 1);
  const std::size_t first = std::min<std::size_t>(count, cells_.size() - at);
  std::copy_n(cells_.begin() + static_cast<std::ptrdiff_t>(at), first, out.begin());
  std::copy_n(cells_.begin(), count - first, out.begin() + static_cast<std::ptrdiff_t>(first));
  samples_ += count;
  shared_.popped.store(samples_, std::memory_order_release);
  return {.samples = static_cast<std::size_t>(count), .hole = 0};
}

std::size_t SpscRing::waiting() noexcept {
  const std::uint64_t count = shared_.pushed.load(std::memory_order_acquire) - samples_;
  broken_ = broken_ || count > cells_.size();
  return broken_ ? 0 : static_cast<std::size_t>(count);
}

SpscRing::Piece SpscRing::give_up() noexcept {
  broken_ = true;
  return {};
}

}  // namespace earshot
