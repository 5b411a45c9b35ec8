// RunReport: the report of one training, filled from what it trained on and what came out.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "nn/model/Model.h"
#include "train/data/DataSet.h"
#include "train/learning/TrainConfig.h"
#include "train/report/Report.h"
#include "train/samples/FeatureSet.h"

namespace earshot {

/// The ends of a run. References outlive the call only.
struct FinishedRun {
  const TrainConfig& config;
  const Model& model;  ///< the weights that were kept
  const DataSet& data;
  const FeatureSet& train;
  const FeatureSet& validation;  ///< without any clip if there is no such part
  const std::vector<EpochRecord>& history;
  const std::map<std::string, std::string>& settings;
  int kept_epoch = 0;
  bool stopped_early = false;
  int threads = 1;
  double seconds_waited = 0.0;  ///< of steps for their batches, since the run was last resumed
};

/// Scores the validation part, or the training part where there is none, on `threads` threads.
Report run_report(const FinishedRun& run);

/// report.html, then report.json, of run_report(). Throws Error(io).
void write_run_report(const FinishedRun& run, const std::filesystem::path& directory);

/// Those of the highest loss with their pictures, from `scores` (n x labels) of all of `features`, which are
/// as `recipe` says, and their labels, `truth`; for a report of scores that come from elsewhere.
std::vector<Report::ScoredClip> worst_scored_clips(const DataSet& data, const FeatureSet& features,
                                                   const FeatureRecipe& recipe, std::span<const float> scores,
                                                   std::span<const int> truth);

/// Versions, processor, threads: what every report says about where it was made.
std::vector<Report::Fact> machine_facts(int threads);

/// What should be said before the figures of a network of that name; empty if nothing.
std::vector<std::string> architecture_notes(const std::string& architecture);

}  // namespace earshot
