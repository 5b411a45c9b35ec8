// Decibel: the logarithm and the cast, both written so that they vectorise.
#include "dsp/spectrum/Decibel.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>

#include "dsp/base/FunctionClones.h"

namespace earshot {
namespace {

/// A logarithm of a positive normal float, in units of which an octave has `per_octave` and two nepers
/// `per_two_neper`. x = 2^e m with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(s), s = (m - 1) / (m + 1),
/// |s| < 0.172: five terms of the series leave 4e-9 of it.
EARSHOT_INLINE float logarithm(float x, float per_octave, float per_two_neper) noexcept {
  constexpr std::uint32_t kSqrtHalf = 0x3f3504f3u;
  const std::uint32_t shifted = std::bit_cast<std::uint32_t>(x) - kSqrtHalf;
  const auto exponent = static_cast<float>(static_cast<std::int32_t>(shifted) >> 23);
  const float m = std::bit_cast<float>((shifted & 0x007fffffu) + kSqrtHalf);
  const float s = (m - 1.0f) / (m + 1.0f);
  const float s2 = s * s;
  const float series = s2 * (1.0f / 3 + s2 * (1.0f / 5 + s2 * (1.0f / 7 + s2 * (1.0f / 9))));
  return exponent * per_octave + (per_two_neper * s + per_two_neper * s * series);
}

EARSHOT_INLINE float ten_log10(float x) noexcept {
  return logarithm(x, 3.01029995664f, 8.68588963807f);  // 10 log10(2), 20 / ln(10)
}

EARSHOT_INLINE float natural_log(float x) noexcept {
  return logarithm(x, 0.693147180560f, 2.0f);
}

}  // namespace

EARSHOT_CLONES void power_to_levels(std::span<const float> power, float floor_power,
                                    std::span<float> levels_db) noexcept {
  assert(power.size() == levels_db.size());
  const float lowest = floor_power * floor_power;
  const float highest = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < power.size(); ++i) {
    const float square = power[i] * power[i];
    const float floored = square > lowest ? square : lowest;  // NaN takes the floor
    levels_db[i] = ten_log10(floored < highest ? floored : highest);
  }
}

EARSHOT_CLONES void sums_to_log(std::span<const float> sums, float offset, std::span<float> levels) noexcept {
  assert(sums.size() == levels.size());
  const float highest = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const float sum = (sums[i] > 0.0f ? sums[i] : 0.0f) + offset;  // NaN counts as 0
    levels[i] = natural_log(sum < highest ? sum : highest);
  }
}

GreyScale::GreyScale(float lowest_level_db, float loudest_level_db, float range_db) noexcept
    : loudest_db(loudest_level_db), deepest_db(std::min(loudest_level_db - lowest_level_db, range_db)) {}

EARSHOT_CLONES void levels_to_grey(std::span<const float> levels_db, const GreyScale& scale,
                                   std::span<std::uint8_t> grey) noexcept {
  assert(levels_db.size() == grey.size());
  const float loudest_db = scale.loudest_db;
  const float deepest_db = scale.deepest_db;
  if (!(deepest_db > 0.0f)) {
    std::fill(grey.begin(), grey.end(), std::uint8_t{0});
    return;
  }
  for (std::size_t i = 0; i < levels_db.size(); ++i) {
    const float value = std::max(levels_db[i] - loudest_db, -deepest_db) / deepest_db * 255.0f;
    grey[i] = static_cast<std::uint8_t>(static_cast<std::uint32_t>(static_cast<std::int32_t>(value)));
  }
}

EARSHOT_CLONES void levels_to_min_max_grey(std::span<const float> levels, const GreyScale& scale,
                                           std::span<std::uint8_t> grey) noexcept {
  assert(levels.size() == grey.size());
  const float loudest = scale.loudest_db;
  const float deepest = scale.deepest_db;
  if (!(deepest > 0.0f)) {
    std::fill(grey.begin(), grey.end(), std::uint8_t{0});
    return;
  }
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const float value = (std::max(levels[i] - loudest, -deepest) + deepest) / deepest * 255.0f;
    grey[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(value));
  }
}

EARSHOT_CLONES void normalise_levels(std::span<float> levels, float mean, float deviation) noexcept {
  for (float& level : levels) level = (level - mean) / deviation;
}

}  // namespace earshot
