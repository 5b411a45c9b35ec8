// LanczosResize: as Pillow's Resample.c defines it (precompute_coeffs, normalize_coeffs_8bpc, the 8bpc
// passes).
#include "dsp/features/LanczosResize.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numbers>

#include "dsp/base/FunctionClones.h"

namespace earshot {
namespace {

constexpr int kFractionBits = 22;   // of a weight: 32 bits less 8 of the pixel less 2 of headroom
constexpr std::size_t kStrip = 64;  // pixels of a line summed at a time, so that the sums stay in registers

double sinc(double x) {
  return x == 0.0 ? 1.0 : std::sin(x * std::numbers::pi) / (x * std::numbers::pi);
}

double lanczos3(double x) {
  return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0;
}

/// `width` <= kStrip pixels of one output line; `source` points at its first input line, lines are `stride`
/// apart.
EARSHOT_CLONES void sum_strip(const std::uint8_t* source, std::size_t stride, const std::int32_t* weights,
                              std::size_t count, std::size_t width, std::uint8_t* target) noexcept {
  std::array<std::int32_t, kStrip> sum;
  sum.fill(1 << (kFractionBits - 1));
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* line = source + i * stride;
    for (std::size_t x = 0; x < width; ++x) sum[x] += weights[i] * line[x];
  }
  for (std::size_t x = 0; x < width; ++x) {
    target[x] = static_cast<std::uint8_t>(std::clamp(sum[x] >> kFractionBits, 0, 255));
  }
}

}  // namespace

LanczosResize::LanczosResize(std::size_t in, std::size_t out) : in_(in), lines_(out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double filter_scale = std::max(1.0, scale);
  const double support = 3.0 * filter_scale;
  const double inverse_scale = 1.0 / filter_scale;
  std::vector<double> exact;
  for (std::size_t line = 0; line < out; ++line) {
    const double centre = (static_cast<double>(line) + 0.5) * scale;
    const double first = std::max(0.0, std::trunc(centre - support + 0.5));
    const double last = std::min(static_cast<double>(in), std::trunc(centre + support + 0.5));
    exact.clear();
    double sum = 0.0;
    for (double input = first; input < last; input += 1.0) {
      exact.push_back(lanczos3((input - centre + 0.5) * inverse_scale));
      sum += exact.back();
    }
    lines_[line] = {static_cast<std::size_t>(first), weights_.size(), exact.size()};
    for (const double weight : exact) {
      const double fixed = weight / sum * static_cast<double>(1 << kFractionBits);
      weights_.push_back(static_cast<std::int32_t>(fixed < 0.0 ? fixed - 0.5 : fixed + 0.5));
    }
  }
}

std::span<const std::int32_t> LanczosResize::weights(std::size_t line) const noexcept {
  return std::span(weights_).subspan(lines_[line].first_weight, lines_[line].count);
}

void LanczosResize::apply(std::span<const std::uint8_t> source, std::size_t width,
                          std::span<std::uint8_t> target) const noexcept {
  assert(source.size() == in() * width && target.size() == out() * width);
  for (std::size_t line = 0; line < lines_.size(); ++line) {
    const Line& from = lines_[line];
    for (std::size_t x = 0; x < width; x += kStrip) {
      sum_strip(&source[from.first_input * width + x], width, &weights_[from.first_weight], from.count,
                std::min(kStrip, width - x), &target[line * width + x]);
    }
  }
}

}  // namespace earshot
