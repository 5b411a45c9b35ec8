// Outlier: a sound that is none of what people teach, and what it is.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dsp/base/Draw.h"

namespace earshot {

inline constexpr int kOutlierHz = 44'100;
inline constexpr std::size_t kOutlierSeconds = 5;
inline constexpr std::size_t kOutlierSamples = kOutlierSeconds * kOutlierHz;
/// How loud the loudest sample of one may be: near and far.
inline constexpr Range kOutlierPeaksDbfs{-40.0, 0.0};

struct Outlier {
  std::string name;                 ///< of its file, without ".wav"; no other of its family has it
  std::vector<std::string> labels;  ///< AudioSet's names for it
  std::string source;               ///< who made it, of what
  std::string licence;
  std::vector<float> samples;  ///< kOutlierSamples; their own level does not matter, but they are not silent
  double peak_dbfs = 0.0;      ///< what the loudest is to be
};

}  // namespace earshot
