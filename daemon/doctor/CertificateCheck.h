// check_certificate: whether earshotd can speak TLS by the files of [publish.tls], and how long.
#pragma once

#include <chrono>
#include <filesystem>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

Finding expiry_finding(const std::filesystem::path& certificate, std::chrono::sys_seconds end,
                       std::chrono::sys_seconds now);
Findings check_certificate(const Patient& patient);

}  // namespace earshot
