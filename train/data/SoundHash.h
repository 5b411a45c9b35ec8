// SoundHash: tells whether two clips hold the same samples, whatever files they are in.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "dsp/base/KeyedRandom.h"

namespace earshot {

/// Over the bits of all samples in their order, however they are chunked. Not for adversaries; among a
/// million different sounds two agree by chance once in 30 million times.
class SoundHash {
 public:
  void update(std::span<const float> samples) noexcept {
    while (!samples.empty() && count_ % kBlock != 0) samples = take_one(samples);
    std::array<std::uint64_t, kLanes> lanes = lanes_;  // in registers
    while (samples.size() >= kBlock) {
      for (std::size_t i = 0; i < kLanes; ++i) {
        lanes[i] = mixed(lanes[i] ^ low(samples[2 * i]) ^ high(samples[2 * i + 1]));
      }
      samples = samples.subspan(kBlock);
      count_ += kBlock;
    }
    lanes_ = lanes;
    while (!samples.empty()) samples = take_one(samples);
  }
  std::uint64_t value() const noexcept {
    std::uint64_t state = count_;
    for (const std::uint64_t lane : lanes_) state = mix_bits(state ^ lane);
    return state;
  }

 private:
  static std::uint64_t low(float sample) noexcept { return std::bit_cast<std::uint32_t>(sample); }
  static std::uint64_t high(float sample) noexcept { return low(sample) << 32; }
  static std::uint64_t mixed(std::uint64_t lane) noexcept { return mix_bits(lane + 1); }

  std::span<const float> take_one(std::span<const float> samples) noexcept {
    const std::size_t place = count_++ % kBlock;
    std::uint64_t& lane = lanes_[place / 2];
    lane = place % 2 == 0 ? lane ^ low(samples[0]) : mixed(lane ^ high(samples[0]));
    return samples.subspan(1);
  }

  // Two samples each in turn: a processor mixes four numbers in the time of one.
  static constexpr std::size_t kLanes = 4;
  static constexpr std::size_t kBlock = 2 * kLanes;
  std::array<std::uint64_t, kLanes> lanes_{};
  std::uint64_t count_ = 0;
};

}  // namespace earshot
