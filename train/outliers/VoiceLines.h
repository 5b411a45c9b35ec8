// VoiceLines: what the voices say.
#pragma once

#include <span>

namespace earshot {

struct VoiceLine {
  const char* language;  ///< as espeak-ng calls it
  const char* text;
};

/// Five seconds each or somewhat more, at the speed that people talk.
std::span<const VoiceLine> voice_lines();

}  // namespace earshot
