// SlidingWindow: one flat buffer of two windows, moved back to its front only when its end is reached.
#include "dsp/audio/SlidingWindow.h"

#include <algorithm>
#include <string>

#include "dsp/base/Error.h"

namespace earshot {

SlidingWindow::SlidingWindow(std::size_t window_samples, std::size_t hop_samples)
    : window_samples_(window_samples), buffer_(2 * window_samples) {
  set_hop(hop_samples);
}

void SlidingWindow::set_hop(std::size_t hop_samples) {
  if (hop_samples == 0 || hop_samples > window_samples_) {
    throw Error(ExitCode::software, "sliding window: found a hop of " + std::to_string(hop_samples) +
                                        " samples, expected 1 to " + std::to_string(window_samples_));
  }
  hop_samples_ = hop_samples;
}

std::size_t SlidingWindow::push(std::span<const float> samples) noexcept {
  const std::size_t taken = std::min(samples.size(), window_samples_ - held_);
  if (begin_ + held_ + taken > buffer_.size()) {
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), held_, buffer_.begin());
    begin_ = 0;
  }
  std::copy_n(samples.begin(), taken, buffer_.begin() + static_cast<std::ptrdiff_t>(begin_ + held_));
  held_ += taken;
  return taken;
}

std::optional<Window> SlidingWindow::next() noexcept {
  if (!is_whole()) return std::nullopt;
  const Window window{std::span(buffer_).subspan(begin_, window_samples_), start_sample_};
  begin_ += hop_samples_;
  held_ -= hop_samples_;
  start_sample_ += hop_samples_;
  any_complete_ = true;
  return window;
}

void SlidingWindow::restart_at(std::uint64_t sample) noexcept {
  begin_ = 0;
  held_ = 0;
  start_sample_ = sample;
}

std::optional<SlidingWindow::Padded> SlidingWindow::finish() noexcept {
  if (any_complete_ || held_ == 0 || held_ == window_samples_) return std::nullopt;
  const std::size_t padding = window_samples_ - held_;
  std::fill_n(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_ + held_), padding, 0.0f);
  const Window window{std::span(buffer_).subspan(begin_, window_samples_), start_sample_};
  start_sample_ += held_;
  held_ = 0;
  any_complete_ = true;
  return Padded{window, padding};
}

std::uint64_t SlidingWindow::position() const noexcept {
  return start_sample_ + held_;
}

}  // namespace earshot
