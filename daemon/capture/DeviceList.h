// The list of devices that record: as lines for people and for a process that asks, and as JSON.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace earshot {

struct CaptureDevice {
  std::string name;
  std::string host_api;  ///< "ALSA", "JACK Audio Connection Kit", ...
  int channels = 0;
  int rate_hz = 0;  ///< its default
  bool is_default = false;
};

/// ": /dev/snd/pcmC0D0c: Permission denied (...)" if this user may not open a device that records; else empty.
std::string denied_devices(const std::filesystem::path& directory = "/dev/snd");

/// A line for each device; names as printable() shows them.
std::string device_lines(std::span<const CaptureDevice> devices);

/// Whether such lines name a device that a microphone would take for `device`.
bool lists_device(std::string_view lines, std::string_view device);

/// One line: an array of {name, host_api, channels, rate_hz, default}.
std::string device_json(std::span<const CaptureDevice> devices);

/// `"A", "B"`, or that there is none.
std::string device_names(std::span<const CaptureDevice> devices);

}  // namespace earshot
