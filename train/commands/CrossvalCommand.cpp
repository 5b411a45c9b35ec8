#include "train/commands/CrossvalCommand.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/JsonText.h"
#include "dsp/base/StopSignal.h"
#include "nn/model/Model.h"
#include "train/commands/CommandLine.h"
#include "train/commands/CrossvalFolds.h"
#include "train/commands/Lessons.h"
#include "train/commands/LoadClips.h"
#include "train/commands/RunDirectory.h"
#include "train/commands/TeachRun.h"
#include "train/commands/Tell.h"
#include "train/commands/TrainRun.h"
#include "train/data/ClipChoice.h"
#include "train/data/DataSet.h"
#include "train/learning/TrainConfig.h"
#include "train/measuring/Evaluation.h"
#include "train/measuring/ScoredClips.h"
#include "train/report/CrossvalReport.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

// Each fit to be held out: better refused now than after hours.
std::vector<int> folds_of(const DataSet& data, const TrainConfig& config) {
  const std::map<int, std::set<int>> labels = labels_of_folds(data);
  if (labels.size() < 2) {
    throw Error(ExitCode::bad_data, fmt::format("{}: found {} folds, expected 2 at least",
                                                data.directory.string(), labels.size()));
  }
  std::vector<int> folds;
  for (const auto& [fold, classes] : labels) {
    if (classes.size() < 2) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: fold {}: found clips of '{}' alone, expected 2 classes at least",
                              data.directory.string(), fold,
                              data.labels[static_cast<std::size_t>(*classes.begin())]));
    }
    check_fold(config, data, fold);
    folds.push_back(fold);
  }
  return folds;
}

struct FoldResult {
  int fold = 0;
  Evaluation evaluation;
};

MeanError mean_accuracy(const std::vector<FoldResult>& results) {
  std::vector<double> accuracies;
  for (const FoldResult& result : results) accuracies.push_back(result.evaluation.accuracy);
  return mean_and_error(accuracies);
}

std::string mean_line(const std::vector<FoldResult>& results, const Evaluation& pooled) {
  const MeanError mean = mean_accuracy(results);
  const Interval interval = wilson_interval(pooled.correct, pooled.clips);
  return fmt::format(
      "mean accuracy {:.2f} % over {} folds, standard error {:.2f}; pooled {:.2f} % ({} of {}), 95 % "
      "interval {:.1f} to {:.1f} % (Wilson)",
      100.0 * mean.mean, results.size(), 100.0 * mean.standard_error, 100.0 * pooled.accuracy, pooled.correct,
      pooled.clips, 100.0 * interval.low, 100.0 * interval.high);
}

std::string summary_json(const TrainConfig& config, const std::vector<FoldResult>& results,
                         const Evaluation& pooled) {
  boost::json::array folds;
  for (const FoldResult& result : results) {
    const Interval interval = wilson_interval(result.evaluation.correct, result.evaluation.clips);
    folds.emplace_back(boost::json::object{{"fold", result.fold},
                                           {"accuracy", result.evaluation.accuracy},
                                           {"accuracy_low", interval.low},
                                           {"accuracy_high", interval.high},
                                           {"loss", result.evaluation.loss},
                                           {"clips", result.evaluation.clips},
                                           {"correct", result.evaluation.correct}});
  }
  const MeanError mean = mean_accuracy(results);
  boost::json::object summary{{"preset", config.name},
                              {"seed", config.seed},
                              {"folds", std::move(folds)},
                              {"mean_accuracy", mean.mean},
                              {"standard_error", mean.standard_error}};
  // Pooled over all clips, each scored by the model that did not see it.
  for (const auto& [key, value] : evaluation_object(pooled)) summary[key] = value;
  return json_text(summary);
}

}  // namespace

int run_crossval(const CrossvalOptions& options) {
  if (teaches_base(options.train)) return run_teach_crossval(options.train, options.folds);
  const TrainConfig config = configure(options.train);
  const DataSet data = open_with_folds(options.train, options.folds, config.seed);
  const std::vector<int> folds = folds_of(data, config);
  const StopSignal stop;
  std::string again = command_line(options.train, "crossval");
  if (options.folds) again += fmt::format(" --folds {}", *options.folds);
  std::vector<FoldResult> results;
  ScoredClips scored;
  Scores kind = Scores::softmax;
  CrossvalReport report(config, data);
  for (const int fold : folds) {
    TrainOptions train = options.train;
    train.fold = fold;
    train.out = options.train.out / fmt::format("fold-{}", fold);
    train.resume = RunFiles(train.out).has_state;
    tell(fmt::format("fold {}, {} of {}: {}", fold, results.size() + 1, folds.size(), train.out.string()));
    const int code = train_into(train, config, data, stop, again);
    if (code != 0) return code;

    const Model model = load_model(train.out / "model.safetensors");
    kind = model.architecture.scores;
    const FeatureSet features = load_clips(data, clips_of_fold(data, fold), model.recipe,
                                           {"held-out clips", static_cast<unsigned>(train.threads),
                                            train.strict, config.samples.most_sound_bytes},
                                           stop);
    if (!features.complete) {
      tell("to go on:");
      tell("  " + again);
      return 128 + stop.received();
    }
    const ScoredClips each = score_features(model, data, features, train.threads);
    ScoredClips clips = by_clips(each, model, data, features.clips, features.quiet);
    clips.folds.assign(clips.size(), fold);
    scored.append(clips);
    results.push_back({fold, evaluate(clips, model.architecture.scores)});
    report.add_fold(fold, train.out, features, model.recipe, each, results.back().evaluation);
    std::cout << fmt::format("fold {}: {}", fold, accuracy_text(results.back().evaluation)) << std::endl;
  }
  const Evaluation pooled = evaluate(scored, kind);
  const std::string csv = scores_csv(scored);
  write_file_atomically(options.train.out / "scores.csv", std::string_view(csv));
  const std::string summary = summary_json(config, results, pooled);
  write_file_atomically(options.train.out / "summary.json", std::string_view(summary));
  report.write(options.train.out, pooled, options.train.threads);
  std::cout << mean_line(results, pooled) << '\n';
  return 0;
}

void add_crossval(CommandLine& line) {
  const auto options = std::make_shared<CrossvalOptions>();
  Command command = line.add("crossval", "Train and measure every fold of a data set",
                             [options] { return run_crossval(*options); });
  add_training_options(command, options->train);
  command.option("--folds", &options->folds, "How many to make, where the data set has none: 5")
      .range(2, 1000);
  command.option("--resume", &options->train.resume, "Not needed: what is in --out is gone on with");
  command.footer(
      "Ctrl-C finishes the step, saves, says how to go on and exits with 128 + the signal's number.");
}

}  // namespace earshot
