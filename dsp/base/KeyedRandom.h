// KeyedRandom: random numbers that depend on a key and a position only, never on who drew before.
#pragma once

#include <cstdint>

namespace earshot {

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): a bijection that mixes all bits.
constexpr std::uint64_t mix_bits(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// A key for a part of what `key` stands for: run -> epoch -> clip -> layer.
constexpr std::uint64_t derive_key(std::uint64_t key, std::uint64_t part) noexcept {
  return mix_bits(key + 0x9E3779B97F4A7C15ULL * (part + 1));
}

/// SplitMix64 started at a key.
class KeyedRandom {
 public:
  explicit constexpr KeyedRandom(std::uint64_t key) noexcept : state_(key) {}

  constexpr std::uint64_t bits() noexcept { return mix_bits(state_ += 0x9E3779B97F4A7C15ULL); }

  /// Uniform in [0, 1), 53 bits.
  constexpr double uniform() noexcept { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  constexpr double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }

  /// Uniform in 0 .. n - 1 for n < 2^32 (Lemire 2019, without the rejection: bias under 2^-32).
  constexpr std::uint32_t below(std::uint32_t n) noexcept {
    return static_cast<std::uint32_t>(((bits() >> 32) * n) >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace earshot
