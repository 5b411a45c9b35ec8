// SecretFile: a key, a password or a token in a file, which is no secret if all may read it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace earshot {

/// Whether every user of the machine may read or write the file itself, whatever its folder lets through.
/// False if it is not there.
bool is_open_to_all(const std::filesystem::path& path) noexcept;

/// As sshd does with its keys: nobody would notice. Throws Error(config) naming the file and how to mend it
/// if is_open_to_all().
void expect_secret(const std::filesystem::path& path);

/// The file's bytes. Throws as read_file() and expect_secret().
std::string read_secret(const std::filesystem::path& path, std::uintmax_t most_bytes,
                        const std::string& what);

}  // namespace earshot
