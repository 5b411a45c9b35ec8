// SoundServers: whether PulseAudio or PipeWire runs, whose it is, and what it says of its sources.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/doctor/Processes.h"

namespace earshot {

struct PulseSource {
  std::string name;
  std::string description;
  std::string state;  ///< "RUNNING", "IDLE", "SUSPENDED"
  bool muted = false;
  int volume_percent = 100;
};

/// Of what `pactl list sources` printed, in the language C.
std::vector<PulseSource> parse_pulse_sources(std::string_view text);

struct SoundServers {
  enum class Answer { not_asked, none, late, given };

  std::vector<Process> running;
  Answer answer = Answer::not_asked;  ///< not_asked: there is no pactl
  std::string default_source;
  std::vector<PulseSource> sources;

  /// Which one a microphone called `device` hears; null if none is.
  const PulseSource* source_of(std::string_view device) const;
};

/// pactl asks the server of this process' user, and none is started. Takes 3 s at most.
SoundServers ask_sound_servers();

}  // namespace earshot
