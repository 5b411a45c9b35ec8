// EvaluateCommand: `trainer evaluate`, how well a model knows the clips of a data set.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

class CommandLine;
struct DataSet;
struct Model;

struct EvaluateOptions {
  std::filesystem::path model;
  std::filesystem::path data;
  std::optional<int> fold;                      ///< only this fold's clips
  bool test_split = false;                      ///< only the clips of the test list
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

// For those who measure as `trainer evaluate` does.

/// The clips of a fold, of the test list, or all of them.
std::vector<std::size_t> chosen_clips(const DataSet& data, std::optional<int> fold, bool test_split);
/// What to say if the model was trained on clips of this data set, by what it tells of itself, and `fold` or
/// the test list is not what was kept from it; empty if there is nothing to say.
std::string trained_on_warning(const Model& model, const DataSet& data, std::optional<int> fold,
                               bool test_split);

}  // namespace earshot
