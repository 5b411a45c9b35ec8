// PcmDecoder: raw PCM bytes in any cut -> samples of one channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "daemon/settings/Config.h"
#include "dsp/audio/FrameMixer.h"

namespace earshot {

/// A sample of each channel.
std::size_t frame_bytes(const PcmSettings& settings) noexcept;

/// Integers are scaled to [-1, 1) by their largest negative value, floats taken as they are, frames mixed as
/// FrameMixer does. Not thread safe.
class PcmDecoder {
 public:
  /// `channel` from 1, or nothing for the mean of all.
  PcmDecoder(const PcmSettings& settings, std::optional<int> channel);

  /// The samples of all frames that `bytes` completes, valid until the next call. An incomplete frame is kept
  /// for then.
  std::span<const float> decode(std::span<const std::byte> bytes);

  /// NaN and infinite samples, taken as 0, since the last call.
  std::uint64_t take_bad_samples() noexcept { return mixer_.take_bad_samples(); }

  /// Bytes of an incomplete frame.
  std::size_t pending_bytes() const noexcept { return bytes_.size(); }
  /// Forgets them, for another stream.
  void reset() noexcept { bytes_.clear(); }

 private:
  SampleFormat format_;
  std::size_t frame_bytes_;
  FrameMixer mixer_;
  std::vector<std::byte> bytes_;
  std::vector<float> frame_;
  std::vector<float> samples_;
};

}  // namespace earshot
