#include "daemon/Devices.h"

#include <string>

#include <spdlog/fmt/fmt.h>

#include "daemon/JsonWriter.h"
#include "daemon/PortAudio.h"

namespace earshot {

void print_devices(std::ostream& out, bool json) {
  PortAudio port_audio;
  const std::vector<CaptureDevice> devices = port_audio.devices();
  if (json) {
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
    out << writer.end_array().take_line();
    return;
  }
  if (devices.empty()) out << "there is no device that records\n";
  for (const CaptureDevice& device : devices) {
    out << fmt::format("{} {}  ({}, channels: {}, {} Hz)\n", device.is_default ? '*' : ' ', device.name,
                       device.host_api, device.channels, device.rate_hz);
  }
}

}  // namespace earshot
