// DemoSounds: everyday sounds and a voice, all made from oscillators and noise, for a machine without a microphone.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "daemon/client/DemoEffects.h"

namespace earshot {

struct DemoSound {
  std::string_view what;                       ///< for people
  std::string_view label;                      ///< AudioSet's word for it
  std::vector<float> (*make)(double seconds);  ///< mono at kDemoRateHz, within [-1, 1]; the same bits at each call
};

/// In the order in which the demo plays them.
std::span<const DemoSound> demo_sounds();

}  // namespace earshot
