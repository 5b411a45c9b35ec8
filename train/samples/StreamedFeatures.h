// StreamedFeatures: the way back to features that are not held in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

class FeatureCache;

/// Once all clips are added, any thread may read.
class StreamedFeatures {
 public:
  struct Clip {
    std::filesystem::path file;
    std::string sha256;                                 ///< of its bytes; none is needed without a cache
    std::optional<std::uint64_t> start = std::nullopt;  ///< of the window that is meant
  };

  /// `cache` may be none.
  StreamedFeatures(const FeatureRecipe& recipe, std::shared_ptr<const FeatureCache> cache);

  void add(Clip clip) { clips_.push_back(std::move(clip)); }

  /// Of what was added as the i-th, from the cache, or computed if it is not there. Throws what decoding does
  /// if a clip has gone.
  void read(std::size_t i, std::span<float> features) const;

 private:
  void read_window(const Clip& clip, std::span<float> features) const;

  FeatureRecipe recipe_;
  std::shared_ptr<const FeatureCache> cache_;
  std::vector<Clip> clips_;
};

}  // namespace earshot
