// The list of devices that record: as lines for people and for a process that asks, and as JSON.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
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
  std::string hardware = {};  ///< as card_hardware() names it
};

/// ": /dev/snd/pcmC0D0c: Permission denied (...)" if this user may not open a device that records; else empty.
std::string denied_devices(const std::filesystem::path& directory = "/dev/snd");

/// A line for each device; names as printable() shows them.
std::string device_lines(std::span<const CaptureDevice> devices);

/// Which of `devices` a microphone takes for `wanted`: "default", or part of a name. One that is the `hardware` heard
/// before comes first, also under another number, then the same unit in another port, by its serial number. For a name
/// with a number ("hw:1,0") no other hardware will do, unless it is of the same model.
std::optional<std::size_t> choose_device(std::span<const CaptureDevice> devices, std::string_view wanted,
                                         std::string_view hardware);

/// One line: an array of {name, host_api, channels, rate_hz, default}.
std::string device_json(std::span<const CaptureDevice> devices);

/// `"A", "B"`, `more` behind them, or that there is none.
std::string device_names(std::span<const CaptureDevice> devices, std::span<const std::string> more = {});

}  // namespace earshot
