// AutoHop: hop_s = "auto": the hop that the machine keeps up with.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

/// Windows that go on being skipped make the hop half as long again, up to the window. After a minute without
/// it is tried the other way; what turned out to be too much is tried again later and later, up to an hour.
/// Not thread safe.
class AutoHop {
 public:
  /// It begins with the usual hop, which is the shortest.
  explicit AutoHop(const FeatureRecipe& recipe);

  /// Another second has gone by, in which `skipped` windows were. The hop from here on, in samples.
  std::uint64_t look(std::uint64_t skipped) noexcept;

  std::uint64_t hop_samples() const noexcept { return steps_[step_]; }

 private:
  using Seconds = std::chrono::seconds;
  static constexpr Seconds kLeastOverload{3};  // one that was held up for a moment skips, too
  static constexpr Seconds kQuiet{60};
  static constexpr Seconds kLongestQuiet{3600};

  std::vector<std::uint64_t> steps_;
  Seconds overload_;  // in a row; longer than what waits, which has the hop of before
  std::size_t step_ = 0;
  Seconds skipping_{0};
  Seconds quiet_{0};
  Seconds patience_ = kQuiet;  // before a shorter hop is tried
  bool tries_ = false;         // a shorter one, which has not proved itself
};

}  // namespace earshot
