// FeaturesCommand: `trainer features`, one file's features to look at or to read in Python.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace earshot {

class CommandLine;

struct FeaturesOptions {
  std::filesystem::path file;
  std::string preset;  ///< of training or of features, or empty if `model` says the recipe
  std::optional<std::filesystem::path> model;
  /// .npy: float32 (height, width, channels), row 0 the lowest mel band, or the first frame if the recipe's
  /// height is time.
  std::filesystem::path out;
  /// The first channel as a grey picture, time to the right, the lowest band at the bottom.
  std::optional<std::filesystem::path> png;
};

/// One file as the recipe takes whole clips. Throws Error(usage) unless exactly one of a known preset and
/// a model is given; what load_clip, load_model and writing throw besides.
void run_features(const FeaturesOptions& options);
void add_features(CommandLine& line);

}  // namespace earshot
