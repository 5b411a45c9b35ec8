// DataSet: which clips there are, what each one is, and which part it belongs to, read from a directory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace earshot {

/// The part the directory's author gave a clip. Without a test list of its own, everything is training
/// material.
enum class Part { train, test };

/// The label of a clip that is none of the classes.
inline constexpr int kBackground = -1;
/// The name that stands for it, as a folder or as a category.
inline constexpr const char* kBackgroundName = "_background_";

struct LabelledClip {
  std::filesystem::path path;
  int label = 0;  ///< index into DataSet::labels, the least of several; kBackground: none of them
  int fold = 0;   ///< 1, 2, ... where the layout has folds, else 0
  Part part = Part::train;
  std::vector<int> also = {};  ///< further labels, ascending, where a clip is several things at once
  int group = -1;              ///< index into DataSet::groups: clips of one recording share it. -1: alone

  bool background() const noexcept { return label == kBackground; }
  /// None for background, else one or more, ascending.
  std::vector<int> labels() const;
};

/// The folder of recordings that are not something, one folder inside for each of those labels.
inline constexpr const char* kRejectedName = "_not_";

/// A recording of which is known what it is not, and nothing else.
struct RejectedClip {
  std::filesystem::path path;
  std::string label;
};

struct DataSet {
  std::filesystem::path directory;
  std::vector<std::string> labels;  ///< in the order of the classes' numbers
  std::vector<LabelledClip> clips;  ///< in the order of the lists, the training list first
  std::vector<RejectedClip> rejected = {};  ///< those of `_not_/LABEL/`, which only what teaches a base looks at
  std::vector<std::string> groups =
      {};                     ///< names of recordings; without a column `group`, those of several clips
  bool groups_given = false;  ///< by a list's column `group`, not by the names of files
  std::string layout = {};    ///< the list it was read from, or "folders"
  std::vector<std::string> problems = {};  ///< what was left out or looks wrong, a line each, naming the file

  /// The directory's own name, printable, whatever path leads there.
  std::string name() const;
  /// What tells a clip from all others: its path below the directory. Any bytes, as names of files may be.
  std::string name_of(const LabelledClip& clip) const;
};

/// Recognises, in this order:
///   `meta.csv` or `meta/esc50.csv` (filename, fold, target, category) with `audio/`;
///   `Train.csv` (file_name, classID 0-9) with `Train/`, and if there is one `Test_Public.csv` with
///   `Test_Public/`; one folder per class, labels in the order of their names.
/// A list may have a column `group` that names the recording a clip is cut from; without it names of files
/// tell (Recordings.h). Clips in a folder `_background_` beside the rest are none of the classes, those in
/// `_not_/LABEL/` are not LABEL.
/// Clips are not opened here. Throws Error(no_input) for what is missing or cannot be read, Error(bad_data)
/// naming the file, the line, what was found and what was expected.
/// `least_classes`: fewer folders than that are no data set; 1 is enough for what is taught to a base.
DataSet read_data_set(const std::filesystem::path& directory, std::size_t least_classes = 2);

/// The labels that each fold has clips of, background left out. Empty without folds.
std::map<int, std::set<int>> labels_of_folds(const DataSet& data);

/// scikit-learn's 'balanced' weights: n / (K count_k) for K classes of so many clips each, n in all. Throws
/// Error(bad_data) if a class has no clip, naming it by its number.
std::vector<float> balanced_class_weights(std::span<const std::size_t> counts);

}  // namespace earshot
