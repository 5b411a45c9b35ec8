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
    while (!samples.empty() && count_ % lanes_.size() != 0) samples = take_one(samples);
    std::array<std::uint64_t, 4> lanes = lanes_;  // in registers
    while (samples.size() >= lanes.size()) {
      for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = mixed(lanes[i], samples[i]);
      samples = samples.subspan(lanes.size());
      count_ += lanes.size();
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
  static std::uint64_t mixed(std::uint64_t lane, float sample) noexcept {
    return mix_bits((lane ^ std::bit_cast<std::uint32_t>(sample)) + 1);
  }
  std::span<const float> take_one(std::span<const float> samples) noexcept {
    std::uint64_t& lane = lanes_[count_++ % lanes_.size()];
    lane = mixed(lane, samples[0]);
    return samples.subspan(1);
  }

  // One a sample in turn: a processor mixes four numbers in the time of one.
  std::array<std::uint64_t, 4> lanes_{};
  std::uint64_t count_ = 0;
};

}  // namespace earshot
