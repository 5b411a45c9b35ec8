// SoundKind: one way to make sounds by chance.
#pragma once

#include <string>
#include <vector>

#include "train/outliers/Samples.h"

namespace earshot {

struct MadeSound {
  std::vector<std::string> labels;  ///< AudioSet's names for it
  Samples samples;
};

struct SoundKind {
  const char* name;
  MadeSound (*make)(KeyedRandom& random);
};

}  // namespace earshot
