#include "daemon/doctor/DevicesCheck.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "daemon/capture/PortAudio.h"
#include "daemon/doctor/SoundServers.h"

namespace earshot {

Findings device_findings(std::span<const CaptureDevice> devices, const std::vector<WantedDevice>& wanted,
                         const std::vector<std::string>& pulse_names, const std::string& denied) {
  if (wanted.empty()) return {found_ok("no microphone is configured")};
  Findings findings;
  for (const WantedDevice& each : wanted) {
    const std::string name = fmt::format("{}: \"{}\"", each.source, each.device);
    if (each.is_heard) {
      findings.push_back(found_ok(name + " is being recorded by earshotd"));
    } else if (const auto place = choose_device(devices, each.device, "")) {
      const CaptureDevice& device = devices[*place];
      findings.push_back(found_ok(fmt::format("{} is \"{}\" ({}, channels: {}, {} Hz)", name, device.name,
                                              device.host_api, device.channels, device.rate_hz)));
    } else if (std::ranges::find(pulse_names, each.device) != pulse_names.end()) {
      findings.push_back(found_ok(name + " is the sound server's"));
    } else {
      findings.push_back(found_wrong(
          fmt::format("{} is not there; there are: {}{}", name, device_names(devices, pulse_names), denied),
          devices.empty() && pulse_names.empty()
              ? "plug one in; see user, cards and server above; no microphone here: [[source]] of another "
                "kind"
              : "let device of [[source]] \"" + each.source + "\" be one of these, or part of its name"));
    }
  }
  return findings;
}

Findings check_devices(const Patient& patient) {
  std::vector<WantedDevice> wanted;
  for (const SourceSettings* each : patient.microphones()) {
    const HeardSource* heard = patient.word.source(each->name);
    wanted.push_back({.source = each->name,
                      .device = std::get<MicrophoneSettings>(each->kind).device,
                      .is_heard = heard && heard->state == "up"});
  }
  // Then nothing has to be opened.
  if (std::ranges::all_of(wanted, &WantedDevice::is_heard)) return device_findings({}, wanted, {}, {});
  std::vector<std::string> pulse_names;
  for (const PulseSource& each : ask_sound_servers().sources) pulse_names.push_back(each.name);
  return device_findings(PortAudio().devices(), wanted, pulse_names, denied_devices());
}

}  // namespace earshot
