// The devices that record, as people and programs want them listed.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <stop_token>
#include <string>
#include <string_view>

namespace earshot {

/// A line for each device, or one JSON array of {name, host_api, channels, rate_hz, default}. Throws
/// Error(unavailable).
void print_devices(std::ostream& out, bool json);

/// The lines that `program --list-devices` prints: what a process started now sees, at no risk to this one.
/// Empty if it gives no answer within 30 s or before a stop; it is killed then. Nothing if it cannot be
/// started.
std::optional<std::string> list_devices_afresh(const std::filesystem::path& program,
                                               const std::stop_token& stop);

/// Whether these lines name a device that PortAudio::open() would take for `device`.
bool lists_device(std::string_view lines, std::string_view device);

}  // namespace earshot
