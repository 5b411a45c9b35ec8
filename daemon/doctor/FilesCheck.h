// check_files: whether earshotd may read all files that its configuration names, and sees them in its cage.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/doctor/Finding.h"
#include "daemon/doctor/Patient.h"

namespace earshot {

struct ConfiguredFile {
  std::string key;  ///< "[model] path"
  std::filesystem::path path;
  enum class Use { read, keep_secret, run } use = Use::read;
};

/// All that a configuration names: one that a new table brings is a line here.
std::vector<ConfiguredFile> configured_files(const Config& config);

/// "ProtectHome=yes" if the unit hides `path` by that, or "PrivateTmp=yes"; else empty.
std::string hidden_by(const ServiceUnit& unit, const std::filesystem::path& path);

Findings check_files(const Patient& patient);

}  // namespace earshot
