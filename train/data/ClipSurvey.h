// ClipSurvey: every clip of a data set decoded once, by all cores, to see what is in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "train/data/DataSet.h"

namespace earshot {

struct ClipFacts {
  std::string problem;   ///< why the clip cannot be read, without its path; then nothing else is known
  bool missing = false;  ///< the reason is that there is no such file
  int rate_hz = 0;
  int channels = 0;
  std::uint64_t frames = 0;
  float peak = 0.0F;              ///< of the channels' mean, full scale 1
  std::uint64_t clipped = 0;      ///< samples of it in runs of three or more at full scale
  std::uint64_t bad_samples = 0;  ///< no sound (is_sound), taken as 0
  std::vector<std::string> damages;  ///< parts that cannot be read, a line each, without its path
  std::uint64_t sound = 0;        ///< SoundHash of the channels' mean at the clip's own rate

  bool readable() const noexcept { return problem.empty(); }
  double seconds() const noexcept {
    return rate_hz == 0 ? 0.0 : static_cast<double>(frames) / static_cast<double>(rate_hz);
  }
};

/// For each clip of the data set. `progress` is called on the calling thread now and then: clips done; it
/// returns whether to go on, and if not the result is empty. Clips that cannot be read are a fact; throws
/// whatever else goes wrong.
std::vector<ClipFacts> survey_clips(const DataSet& data, unsigned threads,
                                    const std::function<bool(std::size_t done)>& progress);

}  // namespace earshot
