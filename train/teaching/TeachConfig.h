// TeachConfig: which of your classes are which of a base's labels, from a TOML file; docs/training.md explains it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "train/data/DataSet.h"
#include "train/teaching/TaughtLabels.h"

namespace earshot {

struct TeachConfig {
  std::optional<std::filesystem::path> base;  ///< [base] model
  std::map<std::string, MappedLabel> labels;  ///< [labels]: class = label
  std::string notice;                         ///< credits the data, kept inside the model
  std::vector<std::string> without;           ///< [bank] without: families of negatives that are left out
};

/// Whether the file says how a base is taught, and not how a network is trained. Throws as StrictToml does.
bool is_teach_config(const std::filesystem::path& path);

/// Throws Error(no_input), Error(config) with file, line and key.
TeachConfig load_teach_config(const std::filesystem::path& path);

/// Classes of `data` that it maps to a label are called so.
void rename_classes(DataSet& data, const TeachConfig& config);

}  // namespace earshot
