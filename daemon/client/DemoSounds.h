// DemoSounds: everyday sounds made from oscillators and noise, for a machine without a microphone.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace earshot {

inline constexpr int kDemoRateHz = 44100;

struct DemoSound {
  std::string_view name;
  std::vector<float> (*make)(
      double seconds);  ///< mono at kDemoRateHz, within [-1, 1]; the same bits at each call
};

/// In the order in which the demo plays them.
std::span<const DemoSound> demo_sounds();

}  // namespace earshot
