// OutliersCommand: `trainer outliers`, a directory of sounds that are none of what people teach.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "train/outliers/GeneratedFamilies.h"

namespace earshot {

class CommandLine;

struct OutliersOptions {
  std::filesystem::path out;
  std::optional<std::uint32_t> seed;        ///< else 1
  std::filesystem::path root = "/";         ///< of the file system whose programs and packages are used
  std::size_t generated = kGeneratedFiles;  ///< files of each family that chance makes, times its share
};

/// As OutlierFolder lays it out. To standard output a line a family; what is not installed is named on
/// standard error and left out. Throws Error(usage) unless `out` is new or empty, and what the families'
/// makers throw.
void run_outliers(const OutliersOptions& options);
void add_outliers(CommandLine& line);

}  // namespace earshot
