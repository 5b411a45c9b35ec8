// EvaluateCommand: `trainer evaluate`, how well a model knows the clips of a data set.
#pragma once

#include <filesystem>
#include <optional>

#include "train/data/ClipChoice.h"

namespace earshot {

class CommandLine;

struct EvaluateOptions {
  std::filesystem::path model;
  std::filesystem::path data;
  ClipChoice clips;
  std::optional<std::filesystem::path> config;  ///< whose [labels] say what classes are called
  bool known_only = false;                      ///< leave out clips of labels that the model does not know
  std::optional<std::filesystem::path> scores;  ///< CSV: file,label,predicted, then a column a label
  bool json = false;
  bool strict = false;  ///< a clip that cannot be read is an error
  int threads = 1;
};

/// Whole clips, as the model's recipe says; results to standard output. Returns the exit code: 0, or 128 +
/// the signal that ended it. Throws Error; a label of the data that the model does not know is
/// Error(bad_data).
int run_evaluate(const EvaluateOptions& options);
void add_evaluate(CommandLine& line);

}  // namespace earshot
