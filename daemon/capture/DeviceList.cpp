#include "daemon/capture/DeviceList.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <spdlog/fmt/fmt.h>

#include "daemon/capture/CardHardware.h"
#include "dsp/base/JsonWriter.h"
#include "dsp/base/Utf8.h"

namespace earshot {

std::string denied_devices(const std::filesystem::path& directory) {
  std::error_code none;  // what cannot be listed denies nothing
  using Iterator = std::filesystem::directory_iterator;
  for (Iterator at(directory, none); !none && at != Iterator(); at.increment(none)) {
    const std::filesystem::path& device = at->path();
    const std::string name = device.filename().string();
    if (!name.starts_with("pcmC") || !name.ends_with('c')) continue;
    if (::access(device.c_str(), R_OK | W_OK) == 0 || errno != EACCES) continue;
    return ": " + device.string() + ": " + std::generic_category().message(EACCES) +
           " (those in the group audio may)";
  }
  return {};
}

std::string device_lines(std::span<const CaptureDevice> devices) {
  if (devices.empty()) return "there is no device that records" + denied_devices() + '\n';
  std::string lines;
  for (const CaptureDevice& device : devices) {
    lines += fmt::format("{} {}  ({}, channels: {}, {} Hz)\n", device.is_default ? '*' : ' ',
                         printable(device.name), printable(device.host_api), device.channels, device.rate_hz);
  }
  return lines;
}

std::optional<std::size_t> choose_device(std::span<const CaptureDevice> devices, std::string_view wanted,
                                         std::string_view hardware) {
  const auto matches = [&](const CaptureDevice& device) {
    return wanted == "default" ? device.is_default : device.name.find(wanted) != std::string::npos;
  };
  const auto first = [&](auto&& condition) -> std::optional<std::size_t> {
    const auto found = std::find_if(devices.begin(), devices.end(), condition);
    if (found == devices.end()) return std::nullopt;
    return static_cast<std::size_t>(found - devices.begin());
  };
  if (hardware.empty()) return first(matches);
  const bool numbered = wanted.find("hw:") != std::string_view::npos;  // which may be another one's number today
  const auto heard = first([&](const CaptureDevice& device) {
    return device.hardware == hardware && (numbered || matches(device));
  });
  if (heard) return heard;
  const auto moved = first([&](const CaptureDevice& device) {
    return is_same_unit(device.hardware, hardware) && (numbered || matches(device));
  });
  if (moved) return moved;
  return first([&](const CaptureDevice& device) {
    return matches(device) && (!numbered || is_same_model(device.hardware, hardware));
  });
}

std::string device_json(std::span<const CaptureDevice> devices) {
  JsonWriter writer;
  writer.begin_array();
  for (const CaptureDevice& device : devices) {
    writer.begin_object()
        .field("name", device.name)
        .field("host_api", device.host_api)
        .field("channels", static_cast<unsigned>(device.channels))
        .field("rate_hz", static_cast<unsigned>(device.rate_hz))
        .field("default", device.is_default)
        .end_object();
  }
  return writer.end_array().take_line();
}

std::string device_names(std::span<const CaptureDevice> devices, std::span<const std::string> more) {
  std::string names;
  const auto add = [&](const std::string& name) {
    names += (names.empty() ? "\"" : ", \"") + printable(name) + '"';
  };
  for (const CaptureDevice& device : devices) add(device.name);
  for (const std::string& name : more) add(name);
  return names.empty() ? "none that records" : names;
}

}  // namespace earshot
