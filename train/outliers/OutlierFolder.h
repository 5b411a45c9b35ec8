// OutlierFolder: the directory that outliers are written to, and the list of them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "train/outliers/Outlier.h"

namespace earshot {

/// DIR/FAMILY/NAME.wav, mono, 16 bit, and DIR/outliers.csv with the columns file, family, labels (one ';'
/// between two), source, licence. Not thread safe; all of it throws Error(io) naming what cannot be written.
class OutlierFolder {
 public:
  /// Makes the directory, or takes it if it is empty; else throws Error(usage).
  explicit OutlierFolder(std::filesystem::path directory);

  /// Scaled to its peak. Throws Error(software) if it is silent or of another length.
  void add(const std::string& family, const Outlier& outlier);

  /// Writes the list: a directory without one is not complete.
  void finish() const;

 private:
  std::filesystem::path directory_;
  std::string list_;
};

}  // namespace earshot
