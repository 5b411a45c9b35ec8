// WindowEmbeddings: what a base's trunk makes of the loud windows of clips, at several gains.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "train/samples/FeatureSet.h"
#include "train/samples/LoudWindows.h"
#include "train/teaching/Base.h"

namespace earshot {

/// Clips are taught at these gains, so that a sound is known from afar.
inline constexpr std::array kTaughtGainsDb{0.0, -10.0, -20.0, -30.0};

/// A window of a clip at a gain.
struct EmbeddedWindow {
  std::size_t clip = 0;  ///< index into the files asked for
  int gain = 0;          ///< index into the gains asked for
  std::uint64_t start_sample = 0;
};

struct WindowEmbeddings {
  std::size_t width = 0;
  std::vector<EmbeddedWindow> windows;        ///< by clip, then gain, then time
  std::vector<float> values;                  ///< windows x width
  std::vector<FeatureSet::Problem> problems;  ///< `clip` being the index of the file
  std::vector<std::string> damages;           ///< a line for each part of a file that cannot be read
  std::uint64_t bad_samples = 0;              ///< samples that are no sound (is_sound), taken as 0
  std::size_t from_cache = 0;                 ///< how many files were not computed anew
  std::string cache_problem;
  bool complete = true;  ///< false if `progress` ended the work early; then nothing else is of use

  std::span<const float> embedding(std::size_t window) const {
    return std::span(values).subspan(window * width, width);
  }
};

/// Which windows of a clip are embedded, and at which gains.
struct WantedWindows {
  std::span<const double> gains_db = kTaughtGainsDb;
  double under_loudest_db = kUnderLoudestDb;
};

/// The windows of `files` that are loud as they are, at each gain. As load_features: files that cannot be
/// read are left out and listed, what was kept is found by a file's bytes and the base's digest, and the bits
/// depend on neither threads nor what was kept. Throws Error.
WindowEmbeddings embed_files(std::span<const std::filesystem::path> files, const Base& base,
                             const WantedWindows& wanted, const FeatureLoading& loading);

}  // namespace earshot
