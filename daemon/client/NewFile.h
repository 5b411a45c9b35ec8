// write_new_file: a file that was not there before, readable for whom it should be from its first byte on.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string_view>

namespace earshot {

/// Throws Error(io) naming the file if it is there already, or cannot be written; then it is not there.
void write_new_file(const std::filesystem::path& path, mode_t mode, std::string_view text);

}  // namespace earshot
