// FrameMixer: a frame of interleaved channels -> one sample. Every source of sound mixes here, so equal PCM
// gives equal bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "dsp/audio/BadSamples.h"

namespace earshot {

/// What is no sound (is_sound) becomes 0 and is counted. Not thread safe.
class FrameMixer {
 public:
  /// `channel` from 0, or nothing: the mean of all, their sum in float from the first to the last (librosa's
  /// to_mono).
  explicit FrameMixer(std::optional<std::size_t> channel = std::nullopt) : channel_(channel) {}

  /// real-time: one sample of `frame`, one value a channel.
  float operator()(std::span<const float> frame) noexcept {
    if (channel_) return checked(frame[*channel_]);
    float sum = checked(frame[0]);
    for (const float sample : frame.subspan(1)) sum += checked(sample);
    return sum / static_cast<float>(frame.size());
  }

  /// How many there were since the last call.
  std::uint64_t take_bad_samples() noexcept { return std::exchange(bad_samples_, std::uint64_t{0}); }

 private:
  float checked(float sample) noexcept {
    if (is_sound(sample)) return sample;
    ++bad_samples_;
    return 0.0f;
  }

  std::optional<std::size_t> channel_;
  std::uint64_t bad_samples_ = 0;
};

}  // namespace earshot
