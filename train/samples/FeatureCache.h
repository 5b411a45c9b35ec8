// FeatureCache: features kept on disk from run to run, one file a clip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

/// $XDG_CACHE_HOME/earshot/features or ~/.cache/earshot/features; nothing if neither variable is set.
std::optional<std::filesystem::path> default_feature_cache();

/// What one recipe makes of clips. Any thread may call it.
class FeatureCache {
 public:
  /// Entries lie under `directory` in one of its own for `recipe` and for what this program's resampler and
  /// extractor make of a probe: another recipe, or arithmetic that has changed, never meets them. The
  /// directory need not exist.
  FeatureCache(const std::filesystem::path& directory, const FeatureRecipe& recipe);
  /// The same of what is made of the recipe's features by something that `maker` tells from all others.
  FeatureCache(const std::filesystem::path& directory, const FeatureRecipe& recipe, std::string_view maker);

  struct Entry {
    std::uint64_t bad_samples = 0;  ///< NaN and infinite samples of the clip
    std::uint64_t sound = 0;        ///< SoundHash of its samples
  };

  /// Fills `features` (recipe.shape().size() values) from what was kept for a clip whose bytes have the
  /// SHA-256 `clip_sha256`. Nothing if there is no such entry, or it is damaged; then `features` are
  /// unspecified. An entry found counts as used now.
  std::optional<Entry> load(const std::string& clip_sha256, std::span<float> features) const;
  /// The same of as many values as were stored; `values` takes their size.
  std::optional<Entry> load(const std::string& clip_sha256, std::vector<float>& values) const;

  /// Throws Error(io).
  void store(const std::string& clip_sha256, const Entry& entry, std::span<const float> features);

 private:
  void make_directory() const;
  std::filesystem::path path_of(const std::string& clip_sha256) const;

  std::filesystem::path directory_;
  std::mutex writing_;  // two copies of one clip have one entry
};

}  // namespace earshot
