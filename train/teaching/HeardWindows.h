// HeardWindows: what a head says of a recording's loud windows, and by them of the recording.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "train/teaching/HeadRows.h"
#include "train/teaching/LabelThresholds.h"
#include "train/teaching/WindowEmbeddings.h"

namespace earshot {

struct HeardWindows {
  std::size_t rows = 0;               ///< of the head
  std::vector<std::uint64_t> starts;  ///< samples, ascending; one a window
  std::vector<float> scores;          ///< windows x rows

  std::size_t size() const noexcept { return starts.size(); }
  std::span<const float> window(std::size_t i) const { return std::span(scores).subspan(i * rows, rows); }
  void add(std::uint64_t start_sample, std::span<const float> logits);

  /// Of each row the mean of its windows' log scores: what the recording is told by. 0 without windows.
  std::vector<double> mean_log_scores() const;
  /// The row whose mean is the highest; the first without windows.
  std::size_t highest() const;
  std::vector<WindowScore> of_row(std::size_t row) const;
};

/// Windows `which` (indices into windows.windows) of one clip at one gain.
HeardWindows hear_windows(const HeadRows& head, const WindowEmbeddings& windows,
                          std::span<const std::size_t> which);

/// A clip as one head heard it.
struct HeardClip {
  std::size_t clip = 0;  ///< index into the data's clips
  HeardWindows windows;  ///< as they are, without a gain
};

}  // namespace earshot
