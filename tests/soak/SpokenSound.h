// SpokenSound: a tone whose level tells the second in which it was spoken.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <span>

#include "daemon/hearing/BootClock.h"
#include "dsp/base/KeyedRandom.h"

namespace earshot::soak {

/// Each second of the boot clock has one of six levels, by the key: sound that is told at another moment than
/// its own soon has a level that does not fit.
class SpokenSound {
 public:
  /// `tone_hz` below half of all rates that it is spoken at. `level_dbfs`: always that, instead of the code.
  SpokenSound(std::uint64_t key, unsigned tone_hz, std::optional<double> level_dbfs = {})
      : key_(key), tone_hz_(tone_hz), level_dbfs_(level_dbfs) {}

  /// The samples from the boot clock's sample number `first` on.
  void speak(std::uint64_t first, unsigned rate_hz, std::span<float> out) const {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint64_t n = first + i;
      const double turns = static_cast<double>(n % rate_hz * tone_hz_ % rate_hz) / rate_hz;
      const double amplitude =
          std::numbers::sqrt2 * std::pow(10.0, level_of(static_cast<std::int64_t>(n / rate_hz)) / 20.0);
      out[i] = static_cast<float>(amplitude * std::sin(2.0 * std::numbers::pi * turns));
    }
  }

  struct Levels {
    double least_dbfs;
    double most_dbfs;
  };
  /// What the loudest 100 ms between two moments may have, where those are right to `tolerance`.
  Levels levels(BootClock::time_point from, BootClock::time_point to, BootClock::duration tolerance) const {
    using namespace std::chrono_literals;
    constexpr auto kBlock = 100ms;     // of a second at an edge of the window that much may not count
    constexpr double kRounding = 1.0;  // of resampling, and where the tone's amplitude jumps
    Levels levels{0.0, -200.0};
    for (BootClock::duration shift = -tolerance; shift <= tolerance; shift += 50ms) {
      levels.least_dbfs =
          std::min(levels.least_dbfs, loudest(from + shift + kBlock, to + shift - 2 * kBlock));
      levels.most_dbfs = std::max(levels.most_dbfs, loudest(from + shift, to + shift));
    }
    return {levels.least_dbfs - kRounding, levels.most_dbfs + kRounding};
  }

 private:
  static std::int64_t second_of(BootClock::time_point moment) {
    return std::chrono::floor<std::chrono::seconds>(moment.time_since_epoch()).count();
  }
  double loudest(BootClock::time_point from, BootClock::time_point to) const {
    double loudest = -200.0;
    for (auto second = second_of(from); second <= second_of(to); ++second)
      loudest = std::max(loudest, level_of(second));
    return loudest;
  }
  double level_of(std::int64_t second) const {
    if (level_dbfs_) return *level_dbfs_;
    return -12.0 - 6.0 * static_cast<double>(derive_key(key_, static_cast<std::uint64_t>(second)) % 6);
  }

  std::uint64_t key_;
  unsigned tone_hz_;
  std::optional<double> level_dbfs_;
};

}  // namespace earshot::soak
