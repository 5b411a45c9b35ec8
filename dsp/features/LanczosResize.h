// LanczosResize: one pass of Pillow's Image.resize(LANCZOS) over 8-bit grey.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace earshot {

/// A pass along one axis: `in` lines become `out` lines. Pillow's fixed point, bit for bit.
class LanczosResize {
 public:
  LanczosResize(std::size_t in, std::size_t out);

  std::size_t in() const noexcept { return in_; }
  std::size_t out() const noexcept { return lines_.size(); }

  /// Weights of output line `line` in units of 2^-22, and the input line that the first belongs to.
  std::span<const std::int32_t> weights(std::size_t line) const noexcept;
  std::size_t first_input(std::size_t line) const noexcept { return lines_[line].first_input; }

  /// real-time: `source`, in() x width -> `target`, out() x width: each line is a weighted sum of whole
  /// lines.
  void apply(std::span<const std::uint8_t> source, std::size_t width,
             std::span<std::uint8_t> target) const noexcept;

 private:
  struct Line {
    std::size_t first_input = 0;
    std::size_t first_weight = 0;
    std::size_t count = 0;
  };
  std::size_t in_;
  std::vector<Line> lines_;
  std::vector<std::int32_t> weights_;  // of all lines, one after another
};

}  // namespace earshot
