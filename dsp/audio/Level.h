// The level of a window in dBFS, for the gate and for events.
#pragma once

#include <span>

namespace earshot {

inline constexpr double kUsualGateDbfs = -60.0;  ///< quieter windows are not classified

/// real-time: 20 log10 of the RMS, DC removed, of the loudest 100 ms of `window`: blocks of 100 ms side by
/// side from its start, a shorter rest counts only if there is no whole block. A full-scale sine is -3.01;
/// never below -120, digital silence.
double level_dbfs(std::span<const float> window, int rate_hz) noexcept;

/// real-time: the mean square of `block`, which is not empty, around its own mean.
double power_without_dc(std::span<const float> block) noexcept;

}  // namespace earshot
