// FeaturesCommand: `trainer features`, one file's features to look at or to read in Python.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace earshot {

class CommandLine;

struct FeaturesOptions {
  std::filesystem::path file;
  std::string preset;  ///< "v6", or empty if `model` says the recipe
  std::optional<std::filesystem::path> model;
  std::filesystem::path out;  ///< .npy: float32 (height, width, channels), row 0 the lowest mel band
  std::optional<std::filesystem::path> png;  ///< the same as a grey picture, the lowest band at the bottom
};

/// The whole file, however long, as one picture. Throws Error(usage) unless exactly one of a known preset and
/// a model is given; what load_clip, load_model and writing throw besides.
void run_features(const FeaturesOptions& options);
void add_features(CommandLine& line);

}  // namespace earshot
