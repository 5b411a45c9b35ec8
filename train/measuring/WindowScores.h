// WindowScores: what a base or its child says of clips by their loud windows.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "train/data/DataSet.h"
#include "train/measuring/ScoredClips.h"
#include "train/teaching/Base.h"
#include "train/teaching/WindowEmbeddings.h"

namespace earshot {

struct WindowScores {
  ScoredClips clips;    ///< a clip's score of a label: the geometric mean of its loud windows'
  ScoredClips windows;  ///< each of them, of the clip that it is of
};

/// Of clips `which` (indices into data.clips), of whose files `windows` are as they are; those that could not
/// be read are left out. A clip without a loud window is wrong: its own labels score 0, all others next to
/// nothing. Throws as score_clips.
WindowScores score_windows(const Base& base, const DataSet& data, std::span<const std::size_t> which,
                           const WindowEmbeddings& windows);

}  // namespace earshot
