// DataSet: which clips there are, what each one is, and which part it belongs to, read from a directory.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace earshot {

/// The part the directory's author gave a clip. Without a test list of its own, everything is training
/// material.
enum class Part { train, test };

struct LabelledClip {
  std::filesystem::path path;
  int label = 0;  ///< index into DataSet::labels
  int fold = 0;   ///< 1, 2, ... where the layout has folds, else 0
  Part part = Part::train;
};

struct DataSet {
  std::filesystem::path directory;
  std::vector<std::string> labels;  ///< in the order of the classes' numbers
  std::vector<LabelledClip> clips;  ///< in the order of the lists, the training list first
};

/// Recognises, in this order:
///   `meta.csv` or `meta/esc50.csv` (filename, fold, target, category) with `audio/`;
///   `Train.csv` (file_name, classID 0-9) with `Train/`, and if there is one `Test_Public.csv` with
///   `Test_Public/`; one folder per class, labels in the order of their names.
/// Clips are not opened here. Throws Error(no_input) for a missing directory, Error(bad_data) naming the
/// file, the line, what was found and what was expected.
DataSet read_data_set(const std::filesystem::path& directory);

/// scikit-learn's 'balanced' weights: n / (K count_k) for K classes, of which every label of `labels` (n of
/// them) is one. Throws Error(bad_data) if a class has no clip, naming it by its number.
std::vector<float> balanced_class_weights(std::span<const int> labels, std::size_t classes);

}  // namespace earshot
