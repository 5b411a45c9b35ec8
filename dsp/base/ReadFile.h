// read_file: a whole file's bytes, with a bound on how many.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace earshot {

/// `what` names what is expected, "a model file". Throws Error(no_input) if it is missing, a directory or
/// unreadable, Error(bad_data) if it has more than `most_bytes`, Error(io) if reading fails midway; each
/// names the file.
std::string read_file(const std::filesystem::path& path, std::uintmax_t most_bytes, const std::string& what);

}  // namespace earshot
