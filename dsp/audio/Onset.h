// Where in a window the sound begins: an estimate, for the start of an event.
#pragma once

#include <cstddef>
#include <span>

namespace earshot {

/// real-time: index of the first sample of the first 10 ms of `window` that are within 20 dB of its loudest 10 ms: RMS,
/// DC removed, of blocks side by side from its start. 0 for an empty window or digital silence.
std::size_t onset_sample(std::span<const float> window, int rate_hz) noexcept;

}  // namespace earshot
