// SoundFiles: which files of a folder are sounds.
#pragma once

#include <filesystem>
#include <vector>

namespace earshot {

/// Whether a file's name could be that of a sound: it has an extension of sound files, or none.
bool looks_like_sound(const std::filesystem::path& file);

/// Those below `folder`, in the order of their paths. Throws Error(no_input) if there is none.
std::vector<std::filesystem::path> sound_files_below(const std::filesystem::path& folder);

}  // namespace earshot
