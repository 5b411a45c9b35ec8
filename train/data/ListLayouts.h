// ListLayouts: data sets whose clips are named in CSV files.
#pragma once

#include <filesystem>

#include "train/data/DataSet.h"

namespace earshot {

/// ESC-50's layout: `list` (below `directory`) has filename, fold, target and category; clips lie in
/// `audio/`. The label's name stands beside its number, and every number has one name. Several labels of one
/// clip are divided by `;` in target and category alike; target -1 with category `_background_` is no class.
/// Throws as read_data_set does.
DataSet read_esc_layout(const std::filesystem::path& directory, const std::filesystem::path& list);

/// The layout of the source project: Train.csv and Test_Public.csv with file_name and classID 0-9 (several
/// divided by `;`, -1 for background); clips lie in `Train/` and `Test_Public/`. Classes have the names of
/// `labels.txt`, a line for each of the ten, where there is one, else their numbers. Train.csv may have a
/// column `fold`. Throws as read_data_set does.
DataSet read_source_layout(const std::filesystem::path& directory);

}  // namespace earshot
