// FolderLayout: data sets of one folder per class.
#pragma once

#include <filesystem>

#include "train/data/DataSet.h"

namespace earshot {

/// Labels in the order of the folders' names. Hidden entries and files whose names say that they are no sound
/// are left out; what a user may have meant otherwise is a problem: a folder without any sound, folders
/// inside a class's folder, sounds beside the folders. Throws as read_data_set does.
DataSet read_folder_layout(const std::filesystem::path& directory, std::size_t least_classes);

/// Adds what lies beside the classes below the data set's directory: the sounds in `_background_` (or Speech
/// Commands' `_background_noise_`) as training clips of no class, those in `_not_/LABEL/` as rejected.
void add_folders_beside(DataSet& data);

}  // namespace earshot
