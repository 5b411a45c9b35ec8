#include "train/learning/MeaningsToml.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "dsp/base/Error.h"
#include "dsp/base/NearestName.h"
#include "dsp/base/StrictToml.h"

namespace earshot {
namespace {

class LabelIndex {
 public:
  explicit LabelIndex(const std::vector<std::string>& labels) : labels_(labels) {
    for (std::size_t i = 0; i < labels.size(); ++i) index_.emplace(labels[i], i);
  }

  /// Each of the labels listed at `key`.
  std::vector<std::size_t> listed(StrictToml& table, std::string_view key) const {
    std::vector<std::size_t> found;
    for (const std::string& name : table.texts(key)) {
      const auto known = index_.find(name);
      if (known == index_.end()) {
        const std::string* nearest = nearest_name(labels_, name);
        table.refuse(key, '"' + name + '"', nearest ? '"' + *nearest + '"' : "a label of the model");
      }
      if (std::ranges::find(found, known->second) != found.end())
        table.refuse(key, '"' + name + "\" twice", "each label once");
      found.push_back(known->second);
    }
    return found;
  }

 private:
  const std::vector<std::string>& labels_;
  std::map<std::string_view, std::size_t> index_;
};

}  // namespace

LabelMeanings load_meanings(const std::filesystem::path& path, const std::vector<std::string>& labels) {
  constexpr double kGuess = 0.5;
  const LabelIndex index(labels);
  LabelMeanings meanings;
  StrictToml file = StrictToml::from_file(path);
  const double threshold = file.real("threshold", kGuess, 0.0, 1.0);
  StrictToml thresholds = file.table("thresholds");
  StrictToml kinds = file.table("kinds");
  meanings.ambience = index.listed(file, "ambience");
  for (std::size_t parent = 0; parent < labels.size(); ++parent) {
    meanings.thresholds.push_back(static_cast<float>(thresholds.real(labels[parent], threshold, 0.0, 1.0)));
    for (const std::size_t kind : index.listed(kinds, labels[parent])) meanings.parents.emplace_back(kind, parent);
  }
  for (const StrictToml* table : {&file, &thresholds, &kinds}) table->reject_unknown();
  try {
    validate(meanings, labels);
  } catch (const Error& error) {
    throw Error(ExitCode::config, path.string() + ": " + error.what());
  }
  return meanings;
}

}  // namespace earshot
