// GeneratedFamilies: the outliers that chance makes, family by family.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "train/outliers/Outlier.h"
#include "train/outliers/SoundKind.h"

namespace earshot {

struct GeneratedFamily {
  const char* name;
  std::span<const SoundKind> kinds;
  std::size_t share = 1;  ///< of kGeneratedFiles: an orchestra has more to say than a hum
};

inline constexpr std::size_t kGeneratedFiles = 40;  ///< of each family, times its share

std::span<const GeneratedFamily> generated_families();

/// The `index`th of a family, its kinds in turn. What a seed gives depends on neither order nor number of
/// calls.
Outlier generate(const GeneratedFamily& family, std::size_t index, std::uint64_t seed);

}  // namespace earshot
