// read_file: a whole file's bytes, with a bound on how many.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace earshot {

/// `what` names what is expected, "a model file". Throws Error(no_input) if it is missing, a directory or
/// unreadable, or a pipe or device, which may never end; Error(bad_data) if it has more than `most_bytes`;
/// Error(io) if reading fails midway; each names the file.
std::string read_file(const std::filesystem::path& path, std::uintmax_t most_bytes, const std::string& what);

/// The same for what people may well pipe in, a configuration.
std::string read_file_or_pipe(const std::filesystem::path& path, std::uintmax_t most_bytes,
                              const std::string& what);

/// Lists and tables that people write: without UTF-8's mark. Throws as read_file, and Error(bad_data) naming
/// the encoding where another than UTF-8 betrays itself. What is not UTF-8 all the same is left to who looks
/// at it.
std::string read_text(const std::filesystem::path& path, std::uintmax_t most_bytes, const std::string& what);

/// A file of any length, block by block. Throws as read_file.
void read_blocks(const std::filesystem::path& path, const std::string& what,
                 const std::function<void(std::string_view block)>& take);

/// Of a file's bytes, 64 lower-case digits. Throws as read_file.
std::string sha256_of_file(const std::filesystem::path& path, const std::string& what);

}  // namespace earshot
