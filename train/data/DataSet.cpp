#include "train/data/DataSet.h"

#include <algorithm>
#include <numeric>
#include <system_error>

#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"
#include "train/data/FolderLayout.h"
#include "train/data/ListLayouts.h"
#include "train/data/Recordings.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

DataSet recognise(const fs::path& directory, std::size_t least_classes) {
  if (!fs::is_directory(directory)) {
    const std::string name = directory.empty() ? "''" : directory.string();
    throw Error(ExitCode::no_input, name + (fs::exists(directory) ? ": no directory" : ": not there") +
                                        ", expected the directory of a data set");
  }
  DataSet data;
  for (const char* list : {"meta.csv", "meta/esc50.csv"}) {
    if (fs::exists(directory / list)) {
      data = read_esc_layout(directory, list);
      add_folders_beside(data);
      return data;
    }
  }
  if (fs::exists(directory / "Train.csv")) {
    data = read_source_layout(directory);
    add_folders_beside(data);
    return data;
  }
  return read_folder_layout(directory, least_classes);
}

}  // namespace

std::vector<int> LabelledClip::labels() const {
  if (background()) return {};
  std::vector<int> all{label};
  all.insert(all.end(), also.begin(), also.end());
  return all;
}

std::string DataSet::name() const {
  std::error_code error;
  const fs::path place = fs::weakly_canonical(directory, error);
  return printable((error ? directory.lexically_normal() : place).filename().string());
}

std::string DataSet::name_of(const LabelledClip& clip) const {
  return clip.path.lexically_relative(directory).string();
}

DataSet read_data_set(const fs::path& directory, std::size_t least_classes) {
  try {
    DataSet data = recognise(directory, least_classes);
    if (!data.groups_given) find_recordings(data);
    return data;
  } catch (const fs::filesystem_error& error) {
    const fs::path& culprit = error.path1().empty() ? directory : error.path1();
    throw Error(ExitCode::no_input, culprit.string() + ": cannot be read: " + error.code().message());
  }
}

std::map<int, std::set<int>> labels_of_folds(const DataSet& data) {
  std::map<int, std::set<int>> labels;
  for (const LabelledClip& clip : data.clips) {
    if (clip.fold == 0 || clip.background()) continue;
    for (const int label : clip.labels()) labels[clip.fold].insert(label);
  }
  return labels;
}

std::vector<float> balanced_class_weights(std::span<const std::size_t> counts) {
  const std::size_t classes = counts.size();
  const std::size_t n = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
  std::vector<float> weights;
  for (std::size_t label = 0; label < classes; ++label) {
    if (counts[label] == 0) {
      throw Error(ExitCode::bad_data, "class " + std::to_string(label) +
                                          ": found no clip in the training part, expected one at least");
    }
    weights.push_back(
        static_cast<float>(static_cast<double>(n) / static_cast<double>(classes * counts[label])));
  }
  return weights;
}

}  // namespace earshot
