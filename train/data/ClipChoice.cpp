#include "train/data/ClipChoice.h"

#include <set>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Error.h"

namespace earshot {

std::vector<std::size_t> chosen_clips(const DataSet& data, const ClipChoice& choice) {
  if (choice.fold) return clips_of_fold(data, *choice.fold);
  std::vector<std::size_t> tests = clips_of_part(data, Part::test);
  if (choice.test_split()) {
    if (tests.empty()) {
      throw Error(ExitCode::bad_data,
                  data.directory.string() + ": found no test list, expected Test_Public.csv");
    }
    return tests;
  }
  std::vector<std::size_t> which = clips_of_part(data, Part::train);
  which.insert(which.end(), tests.begin(), tests.end());
  return which;
}

std::vector<std::size_t> clips_of_fold(const DataSet& data, int fold) {
  std::vector<std::size_t> which;
  std::set<int> folds;
  for (std::size_t i = 0; i < data.clips.size(); ++i) {
    if (data.clips[i].fold == fold && !data.clips[i].background()) which.push_back(i);
    if (data.clips[i].fold > 0) folds.insert(data.clips[i].fold);
  }
  if (!folds.contains(fold)) {
    const std::string expected =
        folds.empty() ? "a data set with folds" : fmt::format("one of {}", fmt::join(folds, ", "));
    throw Error(ExitCode::bad_data,
                fmt::format("{}: found no fold {}, expected {}", data.directory.string(), fold, expected));
  }
  return which;
}

std::vector<std::size_t> clips_of_part(const DataSet& data, Part part) {
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < data.clips.size(); ++i) {
    if (data.clips[i].part == part && !data.clips[i].background()) which.push_back(i);
  }
  return which;
}

}  // namespace earshot
