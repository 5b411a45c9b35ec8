// PcmEncoder: samples of one or more channels -> interleaved raw PCM.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "daemon/settings/Config.h"

namespace earshot {

class PcmEncoder {
 public:
  explicit PcmEncoder(SampleFormat format) : format_(format) {}

  /// `channels` of equal length. Integers are rounded to the nearest and clipped, NaN is 0; floats stay as
  /// they are. The bytes are valid until the next call.
  std::span<const std::byte> encode(std::span<const std::span<const float>> channels);

 private:
  void append(float sample);
  void append_bytes(std::uint32_t bits, int count);

  SampleFormat format_;
  std::vector<std::byte> bytes_;
};

}  // namespace earshot
