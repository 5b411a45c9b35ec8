// Bundle: the report for a bug tracker, as text that people read before they send it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/doctor/Patient.h"

namespace earshot {

/// Throws Error(usage) if there is anything at `path`, since nothing is overwritten, Error(io) if its folder
/// is none.
void check_new_file(const std::filesystem::path& path);

/// All of it, redacted. `lines` are what the doctor said. Takes 10 s at most.
std::string bundle_text(const Patient& patient, std::string_view lines);

/// For this user alone to read. Throws Error(usage) as check_new_file(), Error(io).
void write_bundle(const std::filesystem::path& path, std::string_view text);

}  // namespace earshot
