// Decibel: mel bands -> levels, and levels -> the 8-bit grey that librosa's users make of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace earshot {

/// real-time: levels[i] = 10 log10(max(power[i]^2, floor_power^2)), i.e. 20 log10 of POWER, as
/// amplitude_to_db has it when it is fed a power spectrogram. Within 1e-5 dB of exact; NaN counts as the
/// floor, overflow as the largest float.
void power_to_levels(std::span<const float> power, float floor_power, std::span<float> levels_db) noexcept;

/// real-time: levels[i] = ln(max(sums[i], 0) + offset), offset > 0. Within 2e-6 of exact or a relative 1e-6;
/// NaN counts as 0, overflow as the largest float.
void sums_to_log(std::span<const float> sums, float offset, std::span<float> levels) noexcept;

/// How levels of one picture become grey: v = max(level - loudest, -deepest) / deepest * 255 in [-255, 0], in
/// float as numpy computes it.
struct GreyScale {
  float loudest_db = 0.0f;
  float deepest_db = 0.0f;  ///< under the loudest, > 0; 0 if all cells are equal: then everything is 0

  GreyScale(float lowest_level_db, float loudest_level_db, float range_db) noexcept;
};

/// real-time: numpy's astype(uint8) of GreyScale's v on x86: toward zero to int32, then the low byte.
void levels_to_grey(std::span<const float> levels_db, const GreyScale& scale,
                    std::span<std::uint8_t> grey) noexcept;

/// real-time: (level - lowest) / (highest - lowest) * 255 toward zero, the lowest as far under the highest as
/// `scale` says; 0 everywhere if all cells are equal.
void levels_to_min_max_grey(std::span<const float> levels, const GreyScale& scale,
                            std::span<std::uint8_t> grey) noexcept;

/// real-time: (level - mean) / deviation, in place.
void normalise_levels(std::span<float> levels, float mean, float deviation) noexcept;

}  // namespace earshot
