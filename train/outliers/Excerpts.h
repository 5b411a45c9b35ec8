// Excerpts: a recording's sound made as long as an outlier: cut out of a longer one, or over and over.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "dsp/base/KeyedRandom.h"

namespace earshot {

/// `sound`, of kOutlierHz, then a pause, over and over. Not empty.
std::vector<float> repeated(std::span<const float> sound, double pause_s);

struct Excerpt {
  double start_s = 0.0;
  std::vector<float> samples;
};

/// The `index`th of `count` excerpts spread over a sound of kOutlierHz: somewhere in its part of the sound,
/// by chance. Nothing where that is too quiet to be heard, or if the sound is too short.
std::optional<Excerpt> cut_excerpt(std::span<const float> sound, std::size_t index, std::size_t count,
                                   KeyedRandom& random);

}  // namespace earshot
