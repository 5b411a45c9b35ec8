// check_server: whether a sound server that stands before the microphone answers, and is not muted.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"
#include "daemon/doctor/SoundServers.h"

namespace earshot {

/// `devices` are those of the microphones that are configured; `uid` is who asked, as earshotd runs.
Findings server_findings(const SoundServers& servers, const std::vector<std::string>& devices, uid_t uid);
Findings check_server(const Patient& patient);

}  // namespace earshot
