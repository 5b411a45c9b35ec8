// ScoredClips: what a model said of clips whose labels are known, and the CSV file that keeps it.
#pragma once

#include <string>
#include <vector>

#include "nn/Model.h"
#include "train/DataSet.h"
#include "train/FeatureSet.h"

namespace earshot {

struct ScoredClips {
  std::vector<std::string> labels;  ///< the model's
  std::vector<std::string> files;   ///< n names
  std::vector<int> truth;           ///< n, indices into `labels`
  std::vector<int> folds;           ///< n, or empty if it does not matter; 0 for a clip without a fold
  std::vector<float> scores;        ///< n x labels

  std::size_t size() const { return truth.size(); }
  /// Takes the other's clips, of the same labels, behind its own.
  void append(const ScoredClips& other);
};

/// Whole clips as the model's recipe says, by one Classifier on each of `threads` threads. Labels are matched
/// by name, whatever their order in the data set. Throws Error(bad_data) for one that the model does not
/// know.
ScoredClips score_clips(const Model& model, const DataSet& data, const FeatureSet& features, int threads);

/// `file,label,predicted`, then a column a label, then `fold` if there are any.
std::string scores_csv(const ScoredClips& clips);

}  // namespace earshot
