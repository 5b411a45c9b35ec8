// CalibrateCommand: `trainer calibrate`, a copy of a model whose scores are as sure as they are right.
#pragma once

#include <filesystem>
#include <optional>

#include "train/data/ClipChoice.h"

namespace earshot {

class CommandLine;

struct CalibrateOptions {
  std::filesystem::path model;
  std::optional<std::filesystem::path> scores;  ///< out-of-fold scores, crossval's scores.csv; or else `data`
  std::optional<std::filesystem::path> data;
  std::optional<std::filesystem::path> config;  ///< whose [labels] say what the data's classes are called
  ClipChoice clips;
  std::filesystem::path out;
  bool json = false;
  bool strict = false;  ///< a clip that cannot be read is an error
  int threads = 1;
};

/// A base's child, which takes clips by their windows, is calibrated label by label, by the data's loud
/// windows: each label that is in it moves along a line of its own (LabelCalibration.h), all others stay as
/// they are, to the bit. Of any other it fits the temperature that the logits are divided by; what is
/// predicted stays the same. Prints loss and calibration error before and after. Scores of a file are taken
/// to be of models with the temperature 1, as train leaves them; the data's clips are scored anew at 1.
/// Returns the exit code: 0, or 128 + the signal that ended it. Throws Error.
int run_calibrate(const CalibrateOptions& options);
void add_calibrate(CommandLine& line);

}  // namespace earshot
