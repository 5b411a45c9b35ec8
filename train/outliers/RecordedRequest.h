// RecordedRequest: outliers wanted of what other programs and packages of Debian bring, where they are
// installed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "train/outliers/Outlier.h"

namespace earshot {

/// Takes one after another; what it throws ends the making.
using OutlierSink = std::function<void(const Outlier& outlier)>;

/// From where, by what chance, and who takes them.
struct RecordedRequest {
  std::filesystem::path root;  ///< of the file system that packages are installed in
  std::uint64_t seed = 0;
  OutlierSink made;
  std::function<void(const std::string& line)> missing;  ///< told what is not installed and left out
};

}  // namespace earshot
