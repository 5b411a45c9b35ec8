// ClipChoice: which clips of a data set something is measured on: all, a fold's, or the test list's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "train/data/DataSet.h"

namespace earshot {

struct ClipChoice {
  std::optional<int> fold = {};  ///< only this fold's clips
  std::string split = {};        ///< "test": only those of the test list; or empty

  bool test_split() const { return !split.empty(); }
};

/// Background left out. Throws Error(bad_data) naming what there is if there is no such fold or list.
std::vector<std::size_t> chosen_clips(const DataSet& data, const ClipChoice& choice);

/// The clips of a fold (1, 2, ...), background left out. Throws Error(bad_data) naming the folds there are if
/// it is none of them.
std::vector<std::size_t> clips_of_fold(const DataSet& data, int fold);
/// Those of the training or the test list, background left out.
std::vector<std::size_t> clips_of_part(const DataSet& data, Part part);

}  // namespace earshot
