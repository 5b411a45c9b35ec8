// CacheLimit: features that are kept on disk take no more than their share: what was unused for longest goes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace earshot {

/// 8 GiB, or a tenth of the file system where that is less. `directory` need not exist.
std::uintmax_t feature_cache_limit(const std::filesystem::path& directory);

struct CacheSize {
  std::uintmax_t bytes = 0;  ///< of all entries that are left
  std::size_t removed = 0;   ///< entries
};

/// Removes the entries of FeatureCache below `directory` that were unused for longest until the others take
/// `most_bytes` at most; none that was used at `in_use_since` or later. Other processes may load, store and
/// remove meanwhile: an entry that is gone is computed anew. What cannot be removed stays and is counted.
CacheSize limit_cache(const std::filesystem::path& directory, std::uintmax_t most_bytes,
                      std::chrono::system_clock::time_point in_use_since);

}  // namespace earshot
