// RecordingHolds: which labels the recordings of a folder are known to hold, as its holds.csv says.
#pragma once

#include <filesystem>
#include <vector>

#include "nn/model/Model.h"

namespace earshot {

/// Of each of `files` below `folder` one flag a label: it is held, or something that it is a kind of, or a kind of it.
/// None for a file that folder/holds.csv (`file,labels`, several with ';' between) does not name, or without that list.
/// Throws Error(bad_data) naming file, line and the nearest for a file or a label that is not there.
std::vector<std::vector<bool>> recording_holds(const std::filesystem::path& folder,
                                               const std::vector<std::filesystem::path>& files, const Model& model);

}  // namespace earshot
