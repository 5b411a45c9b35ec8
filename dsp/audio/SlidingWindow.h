// SlidingWindow: samples in any chunking -> overlapping windows, each with the exact index of its first
// sample.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot {

/// One window of a timeline. `samples` stays valid until the next call of SlidingWindow.
struct Window {
  std::span<const float> samples;
  std::uint64_t start_sample = 0;
  std::uint64_t end_sample() const { return start_sample + samples.size(); }
};

/// real-time: after construction no call allocates or throws. Not thread safe.
class SlidingWindow {
 public:
  /// `hop_samples` <= `window_samples`, both > 0; else Error(software).
  SlidingWindow(std::size_t window_samples, std::size_t hop_samples);

  /// Takes samples until a window is complete; returns how many it took. Call next() and then push the rest.
  std::size_t push(std::span<const float> samples) noexcept;

  /// Whether next() has a window.
  bool is_whole() const noexcept { return held_ == window_samples_; }

  /// From the next window on. As at construction; else Error(software).
  void set_hop(std::size_t hop_samples);
  std::size_t hop_samples() const noexcept { return hop_samples_; }

  /// The next complete window, or nothing if more samples are needed.
  std::optional<Window> next() noexcept;

  /// Audio was lost: the next pushed sample has the index `sample`, and no window spans the hole.
  void restart_at(std::uint64_t sample) noexcept;

  /// At a source's end: its first window filled up with silence if not even one was complete, and how many
  /// samples of it are silence. Nothing if a window was complete before or no sample came.
  struct Padded {
    Window window;
    std::size_t padded_samples = 0;
  };
  std::optional<Padded> finish() noexcept;

  /// Index of the next sample to be pushed.
  std::uint64_t position() const noexcept;

 private:
  std::size_t window_samples_;
  std::size_t hop_samples_ = 0;
  std::vector<float> buffer_;  // two windows, so that moving samples back costs at most one copy of each
  std::size_t begin_ = 0;      // where in `buffer_` the window being filled begins
  std::size_t held_ = 0;       // its samples so far
  std::uint64_t start_sample_ = 0;
  bool any_complete_ = false;
};

}  // namespace earshot
