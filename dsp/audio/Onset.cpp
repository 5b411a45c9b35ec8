#include "dsp/audio/Onset.h"

#include <algorithm>

#include "dsp/audio/Level.h"

namespace earshot {
namespace {

constexpr double kTwentyDb = 0.01;  // of power

}  // namespace

std::size_t onset_sample(std::span<const float> window, int rate_hz) noexcept {
  if (window.empty()) return 0;
  const std::size_t hundredth = std::max<std::size_t>(1, static_cast<std::size_t>(rate_hz) / 100);
  const std::size_t block = std::min(hundredth, window.size());
  double loudest = 0.0;
  for (std::size_t start = 0; start + block <= window.size(); start += block) {
    loudest = std::max(loudest, power_without_dc(window.subspan(start, block)));
  }
  std::size_t start = 0;
  while (power_without_dc(window.subspan(start, block)) < kTwentyDb * loudest) start += block;
  return start;
}

}  // namespace earshot
