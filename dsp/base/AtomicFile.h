// Files that matter: written to a temporary name beside the target, synced, renamed.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

namespace earshot {

/// Replaces `path` by `bytes` or leaves it as it was; a pipe or device is written to. Throws Error(io) naming
/// the file and the system's reason.
void write_file_atomically(const std::filesystem::path& path, std::span<const char> bytes);
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, std::span<const char>(text.data(), text.size()));
}

/// The same, but when it reaches the disk is left to the system, which does not make the caller wait: for what
/// can be made again and tells when it is damaged.
void write_file_unsynced(const std::filesystem::path& path, std::span<const char> bytes);

/// Removes what a write_file_atomically(path, ...) that was killed midway has left beside `path`, as far as
/// that can be done. Nobody else may be writing it.
void remove_unfinished(const std::filesystem::path& path) noexcept;

}  // namespace earshot
