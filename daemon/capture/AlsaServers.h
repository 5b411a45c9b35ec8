// AlsaServers: ALSA's names that lead to a sound server, kept out of the way of whoever wants another device.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace earshot {

/// Of this process' copy of ALSA's configuration the names of type "pulse", "pipewire" or "jack", and those
/// that stand on one, go, but for those that a device called `wanted` may be: PortAudio opens all names that
/// there are, and one whose server does not answer would hold up every microphone. Returns what has gone;
/// nothing where the configuration cannot be read. Before PortAudio is initialized.
std::vector<std::string> keep_alsa_servers_of(std::string_view wanted);

/// The same anew, of all names: only the one that ALSA calls "pulse" stays.
void keep_alsa_pulse();

}  // namespace earshot
