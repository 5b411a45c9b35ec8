// CrossvalReport: the report of a cross-validation, gathered fold by fold: scores of clips held out, all
// folds' curves.
#pragma once

#include <filesystem>

#include "train/data/DataSet.h"
#include "train/learning/TrainConfig.h"
#include "train/measuring/ScoredClips.h"
#include "train/report/Report.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

class CrossvalReport {
 public:
  /// Both must outlive it.
  CrossvalReport(const TrainConfig& config, const DataSet& data) : config_(config), data_(data) {}

  /// A fold whose run is in `directory`, and what its model said of the clips held out: `clips` in the order
  /// of `features`, which are as `recipe` says. Throws Error for a report.json there that cannot be read.
  void add_fold(int fold, const std::filesystem::path& directory, const FeatureSet& features,
                const FeatureRecipe& recipe, const ScoredClips& clips, const Evaluation& evaluation);

  /// report.html and report.json, with `pooled` over all clips of all folds. Throws Error(io).
  void write(const std::filesystem::path& directory, const Evaluation& pooled, int threads);

 private:
  const TrainConfig& config_;
  const DataSet& data_;
  Report report_;
};

}  // namespace earshot
