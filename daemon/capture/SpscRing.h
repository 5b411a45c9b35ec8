// SpscRing: samples from the audio callback to the classify thread, without locks, with every hole at its
// place.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace earshot {

/// One producer thread and one consumer thread. What the ring cannot take is lost, and the consumer learns
/// how much was lost between which two samples.
///
/// Memory order: each side owns one index of each buffer and releases it after touching the cells; the other
/// side acquires it before touching them. A hole is released before the samples that follow it, and the
/// consumer acquires the samples' index first: whoever sees samples also sees the holes before them.
class SpscRing {
 public:
  /// Allocates; `capacity` is rounded up to a power of two. Throws Error(software) for 0.
  explicit SpscRing(std::size_t capacity);

  /// real-time: wait-free, producer; all of `samples` or none of them; none are a hole.
  void push(std::span<const float> samples) noexcept;
  /// real-time: wait-free, producer; `samples` were lost before they came here.
  void push_hole(std::uint64_t samples) noexcept { pending_hole_ += samples; }

  /// What comes next in the stream's order: a hole, or else samples.
  struct Piece {
    std::size_t samples = 0;  ///< written to the front of `out`
    std::uint64_t hole = 0;   ///< samples lost here; then `samples` is 0
  };
  /// Consumer. Both 0 if nothing has come. A hole shows once samples follow it.
  Piece pop(std::span<float> out) noexcept;

  /// Consumer: samples waiting.
  std::size_t waiting() const noexcept;
  std::size_t capacity() const noexcept { return cells_.size(); }

 private:
  struct Hole {
    std::uint64_t position = 0;  // samples pushed before it
    std::uint64_t samples = 0;
  };
  static constexpr std::size_t kHoles = 64;
  static constexpr std::size_t kCacheLine = 64;

  std::vector<float> cells_;
  std::vector<Hole> holes_;
  alignas(kCacheLine) std::atomic<std::uint64_t> pushed_{0};  // samples ever pushed; the producer's
  std::atomic<std::uint64_t> holes_pushed_{0};
  std::uint64_t pending_hole_ = 0;
  alignas(kCacheLine) std::atomic<std::uint64_t> popped_{0};  // samples ever popped; the consumer's
  std::atomic<std::uint64_t> holes_popped_{0};
};

}  // namespace earshot
