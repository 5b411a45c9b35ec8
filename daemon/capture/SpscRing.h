// SpscRing: samples from the audio callback to the classify thread, without locks, with every hole at its
// place; the two may be processes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace earshot {

/// What the two sides of a ring share, beside its cells: zeros are an empty ring. It may lie in memory that two
/// processes map.
///
/// Memory order: each side owns one index of each buffer and releases it after touching the cells; the other
/// side acquires it before touching them. A hole is released before the samples that follow it, and the
/// consumer acquires the samples' index first: whoever sees samples also sees the holes before them.
struct RingIndices {
  struct Hole {
    std::uint64_t position = 0;  // samples pushed before it
    std::uint64_t samples = 0;
  };
  static constexpr std::size_t kHoles = 64;
  static constexpr std::size_t kCacheLine = 64;

  alignas(kCacheLine) std::atomic<std::uint64_t> pushed{0};  // samples ever pushed; the producer's
  std::atomic<std::uint64_t> holes_pushed{0};
  alignas(kCacheLine) std::atomic<std::uint64_t> popped{0};  // samples ever popped; the consumer's
  std::atomic<std::uint64_t> holes_popped{0};
  alignas(kCacheLine) std::array<Hole, kHoles> holes{};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "or processes could not share it");

/// One side of a ring, producer or consumer: one object a side, one thread each. What the ring cannot take is
/// lost, and the consumer learns how much was lost between which two samples. Each side believes its own count, and
/// the consumer nothing that the producer cannot have meant.
class SpscRing {
 public:
  /// `cells` are a power of two, at least one. Both outlive it. Throws Error(software) for another number.
  SpscRing(RingIndices& shared, std::span<float> cells);

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
  std::size_t waiting() noexcept;
  /// Consumer: the producer has written what makes no sense; nothing is waiting any more.
  bool broken() const noexcept { return broken_; }
  std::size_t capacity() const noexcept { return cells_.size(); }

 private:
  static constexpr std::uint64_t kMostHole = std::uint64_t{1} << 36;  // days

  Piece give_up() noexcept;

  RingIndices& shared_;
  std::span<float> cells_;
  std::uint64_t samples_ = 0;  // pushed or popped by this side
  std::uint64_t holes_ = 0;
  std::uint64_t pending_hole_ = 0;
  bool broken_ = false;
};

}  // namespace earshot
