// FeaturesCommand: `trainer features`, one file's features to look at or to read in Python.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace earshot {

class CommandLine;

struct FeaturesOptions {
  std::filesystem::path file;
  std::string preset;  ///< of training or of features, or empty if `model` or `config` says the recipe
  std::optional<std::filesystem::path> model;
  /// .npy: float32 (height, width, channels), row 0 the lowest mel band, or the first frame if the recipe's
  /// height is time.
  std::filesystem::path out;
  /// The first channel as a grey picture, time to the right, the lowest band at the bottom.
  std::optional<std::filesystem::path> png = std::nullopt;
  std::optional<std::filesystem::path> config = std::nullopt;  ///< of a training, with its recipe
  bool augment = false;  ///< as training would see it in `count` epochs: out-1.npy, out-2.npy, ...
  int count = 1;
  std::optional<std::filesystem::path> data = std::nullopt;  ///< data set that other clips are mixed in from
};

/// One file as the recipe takes whole clips. With `augment` it prints each picture's name and what share of
/// which class it is. Without mixing, a file of the data set gets in epoch 1, 2, ... what a training of
/// that configuration and seed gives it; what it is mixed with depends on the split as well. Throws
/// Error(usage) unless exactly one of a known preset, a model and a configuration is given, or if there is
/// nothing to augment or to mix with; what reading and writing throw besides.
void run_features(const FeaturesOptions& options);
void add_features(CommandLine& line);

}  // namespace earshot
