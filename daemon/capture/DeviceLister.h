// The devices that a process started now sees: PortAudio lists them once in a process' life.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

namespace earshot {

/// The lines that `program --list-devices` prints, at no risk to this process. Empty if it gives no answer
/// within 30 s or before a stop; it is killed then. Nothing if it cannot be started.
std::optional<std::string> list_devices_afresh(const std::filesystem::path& program,
                                               const std::stop_token& stop);

}  // namespace earshot
