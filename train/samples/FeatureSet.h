// FeatureSet: the features of many clips, computed once by all cores and kept on disk for the next run, and
// in memory if they fit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/features/FeatureRecipe.h"
#include "train/data/DataSet.h"
#include "train/samples/MemoryShare.h"

namespace earshot {

class StreamedFeatures;

/// An entry is a clip, or, if the recipe takes clips by their windows (ClipFit::windows), one of its loud
/// windows.
struct FeatureSet {
  /// A clip that could not be read.
  struct Problem {
    std::size_t clip = 0;  ///< index into DataSet::clips
    ExitCode code = ExitCode::bad_data;
    std::string line;  ///< names the file and what is wrong
  };

  FeatureShape shape;
  std::vector<float> images;           ///< size() x height x width x channels, or empty if they are streamed
  std::vector<int> labels;             ///< size()
  std::vector<std::size_t> clips;      ///< size(): index into DataSet::clips; equal ones side by side
  std::vector<std::uint64_t> starts;   ///< size(): where each window begins in its clip; empty of whole clips
  std::vector<std::size_t> quiet;      ///< clips that have no loud window
  std::vector<std::uint64_t> sounds;   ///< size(): SoundHash of each clip at the recipe's rate
  std::vector<std::uint64_t> contents;  ///< size(): the first 64 bits of the SHA-256 of each file's bytes
  std::vector<std::vector<int>> also;  ///< size(): further labels, or empty if no clip has any
  std::vector<std::filesystem::path> files;  ///< size()
  std::vector<Problem> problems;             ///< clips left out, in the order asked for
  std::uint64_t bad_samples = 0;             ///< samples that are no sound (is_sound), taken as 0
  std::vector<std::string> damages;          ///< of clips in the set: a line for each part that cannot be read
  std::size_t from_cache = 0;                ///< how many clips were not computed anew
  std::string cache_problem;                 ///< why features could not be kept, once; empty if all is well
  bool complete = true;  ///< false if `progress` ended the work early; then nothing else is of use

  std::shared_ptr<const StreamedFeatures> streamed;  ///< where they come from if `images` is empty
  double streamed_mean = 0.0;       ///< what fit_normalising() found: taken off what is read, before
  double streamed_deviation = 1.0;  ///< this divides it

  std::size_t size() const { return labels.size(); }
  /// Whether entry i is the first of its clip.
  bool begins_clip(std::size_t i) const { return i == 0 || clips[i] != clips[i - 1]; }
  std::size_t clip_count() const;  ///< that have an entry
  /// Only if they are not streamed.
  std::span<const float> image(std::size_t i) const {
    return std::span<const float>(images).subspan(i * shape.size(), shape.size());
  }
  /// Image i from memory, or read into `room`, whatever its size; valid as long as both are. Any thread, each
  /// with a room of its own. Throws what decoding does if a clip has gone.
  std::span<const float> image(std::size_t i, std::vector<float>& room) const;
};

/// Those of files that are not opened yet: each is decoded and computed whenever it is wanted. `labels` one a
/// file.
FeatureSet unread_features(std::vector<std::filesystem::path> files, std::vector<int> labels,
                           const FeatureRecipe& recipe);

/// How many clips have each label, first or further; background has none.
std::vector<std::size_t> clips_of_labels(const FeatureSet& clips, std::size_t classes);

struct FeatureLoading {
  unsigned threads = 0;  ///< 0: as many as there are cores
  /// The directory of FeatureCache; nothing: none are kept.
  std::optional<std::filesystem::path> cache = std::nullopt;
  /// Images that take more are not held: each is read from the cache when it is wanted, or computed if it is
  /// not there.
  std::size_t most_bytes = memory_share();
  /// Called on the calling thread, now and then and at the end: clips done, of how many. Returns whether to
  /// go on.
  std::function<bool(std::size_t done, std::size_t total)> progress = nullptr;
};

/// Decodes, resamples and extracts `which` (indices into data.clips; the result is in their order). The bits
/// do not depend on the number of threads nor on what was kept: an entry is found by the clip's bytes, the
/// recipe and what this program's arithmetic makes of a probe, and is computed anew if damaged. A clip that
/// cannot be read is left out and listed. Throws Error(bad_data) for a recipe that `validate` refuses.
FeatureSet load_features(const DataSet& data, std::span<const std::size_t> which, const FeatureRecipe& recipe,
                         const FeatureLoading& loading);

}  // namespace earshot
