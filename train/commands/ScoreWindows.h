// ScoreWindows: clips of a data set scored by their loud windows, with a word to the user about what was left
// out.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "dsp/base/StopSignal.h"
#include "train/commands/LoadClips.h"
#include "train/measuring/WindowScores.h"

namespace earshot {

/// Of clips `which` (indices into data.clips) by a base or its child; nothing if `stop` received a signal
/// first. Throws as score_windows and embed_clips, Error(bad_data) if none can be read.
std::optional<WindowScores> load_window_scores(const Model& model, const DataSet& data,
                                               const std::vector<std::size_t>& which,
                                               const ClipLoading& loading, const StopSignal& stop);

}  // namespace earshot
