// `earshot token`: what clients of a network have to know.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>

namespace earshot {

/// 256 random bits as 64 hexadecimal digits and a newline, to a new file of its owner's alone, or to `out`.
/// Throws Error(io) if the file is there already, or cannot be written.
void make_token(const std::optional<std::filesystem::path>& file, std::ostream& out);

}  // namespace earshot
