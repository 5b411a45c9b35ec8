// FolderLayout: data sets of one folder per class.
#pragma once

#include <filesystem>

#include "train/data/DataSet.h"

namespace earshot {

/// Labels in the order of the folders' names. Hidden entries and files whose names say that they are no sound
/// are left out; what a user may have meant otherwise is a problem: a folder without any sound, folders
/// inside a class's folder, sounds beside the folders. Throws as read_data_set does.
DataSet read_folder_layout(const std::filesystem::path& directory);

/// Adds the sounds in `_background_` (or Speech Commands' `_background_noise_`) below the data set's
/// directory, if it is there, as training clips of no class.
void add_background_folder(DataSet& data);

}  // namespace earshot
