// SoundHash: tells whether two clips hold the same samples, whatever files they are in.
#pragma once

#include <array>
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
    for (const float sample : samples) {
      std::uint64_t& lane = lanes_[count_++ % lanes_.size()];
      lane = mix_bits((lane ^ std::bit_cast<std::uint32_t>(sample)) + 1);
    }
  }
  std::uint64_t value() const noexcept {
    std::uint64_t state = count_;
    for (const std::uint64_t lane : lanes_) state = mix_bits(state ^ lane);
    return state;
  }

 private:
  // One a sample in turn: a processor mixes four numbers in the time of one.
  std::array<std::uint64_t, 4> lanes_{};
  std::uint64_t count_ = 0;
};

}  // namespace earshot
