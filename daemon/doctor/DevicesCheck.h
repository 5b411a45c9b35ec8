// check_devices: whether the configured microphones are there.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "daemon/capture/DeviceList.h"
#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

struct WantedDevice {
  std::string source;
  std::string device;
  bool is_heard = false;  ///< a daemon says that it is up: it may be missing from the list for just that
};

/// `pulse_names` are the names of a sound server's sources, which a device may be called by as well; `denied`
/// is of denied_devices().
Findings device_findings(std::span<const CaptureDevice> devices, const std::vector<WantedDevice>& wanted,
                         const std::vector<std::string>& pulse_names, const std::string& denied);
Findings check_devices(const Patient& patient);

}  // namespace earshot
