// SoundHash: tells whether two clips hold the same samples, whatever files they are in.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "nn/KeyedRandom.h"

namespace earshot {

/// Over the bits of all samples in their order, however they are chunked. Not for adversaries; among a
/// million different sounds two agree by chance once in 30 million times.
class SoundHash {
 public:
  void update(std::span<const float> samples) noexcept {
    for (const float sample : samples) state_ = mix_bits((state_ ^ std::bit_cast<std::uint32_t>(sample)) + 1);
  }
  std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_ = 0x9E37'79B9'7F4A'7C15ULL;
};

}  // namespace earshot
