// level_dbfs: block by block, in double.
#include "dsp/audio/Level.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace earshot {
namespace {

constexpr double kSilenceDbfs = -120.0;

}  // namespace

double power_without_dc(std::span<const float> block) noexcept {
  double sum = 0.0;
  for (const float sample : block) sum += static_cast<double>(sample);
  const double mean = sum / static_cast<double>(block.size());
  double squares = 0.0;
  for (const float sample : block) {
    const double deviation = static_cast<double>(sample) - mean;
    squares += deviation * deviation;
  }
  return squares / static_cast<double>(block.size());
}

double level_dbfs(std::span<const float> window, int rate_hz) noexcept {
  if (window.empty()) return kSilenceDbfs;
  const std::size_t tenth = std::max<std::size_t>(1, static_cast<std::size_t>(rate_hz) / 10);
  const std::size_t block = std::min(tenth, window.size());
  double loudest = 0.0;
  for (std::size_t start = 0; start + block <= window.size(); start += block) {
    loudest = std::max(loudest, power_without_dc(window.subspan(start, block)));
  }
  return loudest > 0.0 ? std::max(kSilenceDbfs, 10.0 * std::log10(loudest)) : kSilenceDbfs;
}

}  // namespace earshot
