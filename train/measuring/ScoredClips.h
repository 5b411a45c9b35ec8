// ScoredClips: what a model said of clips whose labels are known, and the CSV file that keeps it.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "nn/model/Model.h"
#include "train/data/DataSet.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

struct ScoredClips {
  std::vector<std::string> labels;     ///< the model's
  std::vector<std::string> files;      ///< n paths below the data set, which tell every clip from the others
  std::vector<int> truth;              ///< n, indices into `labels`; the first of several
  std::vector<unsigned char> present;  ///< n x labels: 1 where the clip has the label
  std::vector<int> folds;              ///< n, or empty if it does not matter; 0 for a clip without a fold
  std::vector<float> scores;           ///< n x labels

  std::size_t size() const { return truth.size(); }
  /// Takes the other's clips, of the same labels, behind its own.
  void append(const ScoredClips& other);
  /// The same clips compared among these labels alone, in the order they have here; all clips' own are among
  /// them. `exclusive`: scores that add up to 1 do so again.
  ScoredClips among(const std::vector<std::string>& few, bool exclusive) const;
};

/// Clips `which` (indices into data.clips) without scores yet. Throws as score_features.
ScoredClips unscored_clips(const Model& model, const DataSet& data, std::span<const std::size_t> which);

/// Each of `features`, clips or windows of them, by one Classifier on each of `threads` threads. Labels are
/// matched by name, whatever their order in the data set. Throws Error(bad_data) for one that the model does
/// not know.
ScoredClips score_features(const Model& model, const DataSet& data, const FeatureSet& features, int threads);

/// Of windows of the clips `clip_of`, equal ones side by side: what they come to clip by clip, the geometric
/// mean of their scores, which add up to 1 again where labels exclude each other. Whole clips stay as they
/// are. `quiet` clips, without a loud window, are wrong: their own labels score 0, all others next to
/// nothing.
ScoredClips by_clips(ScoredClips scored, const Model& model, const DataSet& data,
                     std::span<const std::size_t> clip_of, std::span<const std::size_t> quiet);

/// Those of `which` (indices into data.clips) all of whose labels `labels` has. Throws Error(bad_data) naming
/// the clip and the label for another, unless `skip`.
std::vector<std::size_t> known_clips(const DataSet& data, std::span<const std::size_t> which,
                                     const std::vector<std::string>& labels, bool skip);

/// `file,label,predicted`, then a column a label, then `fold` if there are any. Several labels of a clip
/// stand in one field, with ';' between them. UTF-8 whatever files are called: `file` is printable().
std::string scores_csv(const ScoredClips& clips);

/// Reads that back, columns in any order of labels; `labels` says the order wanted. Throws Error(no_input),
/// Error(bad_data) naming file, line, what was found and what was expected.
ScoredClips read_scores_csv(const std::filesystem::path& path, const std::vector<std::string>& labels);

}  // namespace earshot
