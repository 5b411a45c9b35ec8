// SoundFiles: which files of a folder are sounds.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace earshot {

/// Whether a file's name could be that of a sound: it has an extension of sound files, or none.
bool looks_like_sound(const std::filesystem::path& file);

struct SoundFolder {
  std::vector<std::filesystem::path> files;  ///< in the order of their paths
  std::vector<std::string> skipped;          ///< what is no file but named like a sound, a line each
};

/// All below `folder`. Throws Error(no_input) if there is no sound.
SoundFolder sound_files_below(const std::filesystem::path& folder);

/// Throws Error(no_input) naming what is there instead of a file or a link to one. A pipe may never end, nor
/// may a device, and to open one may be to wait for ever. What is not there at all is left to who opens it.
void expect_file(const std::filesystem::path& path);

}  // namespace earshot
