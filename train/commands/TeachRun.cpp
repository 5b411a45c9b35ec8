#include "train/commands/TeachRun.h"

#include <chrono>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
#include <boost/json.hpp>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/JsonText.h"
#include "dsp/base/StopSignal.h"
#include "dsp/base/Utf8.h"
#include "train/commands/CrossvalFolds.h"
#include "train/commands/Lessons.h"
#include "train/commands/LoadClips.h"
#include "train/commands/RunDirectory.h"
#include "train/commands/Tell.h"
#include "train/report/RunReport.h"
#include "train/report/TeachReport.h"
#include "train/teaching/TaughtScores.h"

namespace earshot {
namespace {

namespace json = boost::json;

/// What only a network that is trained step by step has.
void refuse_steps(const TrainOptions& options) {
  const auto refuse = [](bool given, const char* option) {
    if (!given) return;
    throw Error(ExitCode::usage, fmt::format("{}: found beside a base, whose last layer is fitted to its end, expected "
                                             "--preset or a recipe with it",
                                             option));
  };
  refuse(options.epochs.has_value(), "--epochs");
  refuse(options.batch.has_value(), "--batch");
  refuse(options.learning_rate.has_value(), "--lr");
  refuse(options.initial_weights.has_value(), "--initial-weights");
  refuse(options.freeze.has_value(), "--freeze");
  refuse(options.precision != "f32", "--precision");
  refuse(options.resume, "--resume");
  refuse(options.memory_mib.has_value(), "--memory");
}

void make_empty_directory(const std::filesystem::path& out) {
  make_run_directory(out);
  if (std::filesystem::exists(out / "model.safetensors")) {
    throw Error(ExitCode::usage,
                fmt::format("--out: found a model in {}, expected a directory without one", out.string()));
  }
}

/// Folds of another cross-validation, which may have taken hours.
void refuse_used_folds(const std::filesystem::path& out, const std::vector<int>& folds) {
  for (const int fold : folds) {
    const std::filesystem::path directory = out / fmt::format("fold-{}", fold);
    if (!std::filesystem::exists(directory / "model.safetensors") && !RunFiles(directory).has_state) continue;
    throw Error(ExitCode::usage,
                fmt::format("--out: found a fold of another run in {}, expected a directory without one",
                            directory.string()));
  }
}

std::string count_text(const Tally& count) {
  const Interval interval = wilson_interval(count.found, count.of);
  return fmt::format("{:.2f} % ({} of {}, 95 % interval {:.1f} to {:.1f} %)", 100.0 * count.share(),
                     count.found, count.of, 100.0 * interval.low, 100.0 * interval.high);
}

json::object count_object(const Tally& count) {
  return {{"right", count.found}, {"of", count.of}};
}

json::object gains_object(const TaughtScores& scores) {
  json::object gains;
  for (std::size_t gain = 0; gain < kTaughtGainsDb.size(); ++gain)
    gains[fmt::format("{:.0f}", kTaughtGainsDb[gain])] = count_object(scores.highest_right(gain));
  return gains;
}

/// Each can be held out: there are two at least, and no class is of one alone.
std::vector<int> folds_to_teach(const DataSet& data) {
  const std::map<int, std::set<int>> labels = labels_of_folds(data);
  if (labels.size() < 2) {
    throw Error(ExitCode::bad_data, fmt::format("{}: found clips of {} fold, expected 2 folds at least",
                                                data.directory.string(), labels.size()));
  }
  std::vector<int> folds;
  std::map<int, int> folds_of;  // class -> how many
  for (const auto& [fold, classes] : labels) {
    folds.push_back(fold);
    for (const int label : classes) ++folds_of[label];
  }
  for (const auto& [label, count] : folds_of) {
    if (count > 1) continue;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: class '{}': found all its clips in one fold, or cut from one recording, expected two at "
                            "least: without that fold nothing would be left to teach",
                            data.directory.string(), data.labels[static_cast<std::size_t>(label)]));
  }
  return folds;
}

json::array label_names(const TaughtLabels& taught) {
  json::array names;
  for (const std::size_t row : taught.rows) names.emplace_back(taught.labels[row]);
  return names;
}

json::array labels_array(const TaughtLabels& taught, const TaughtScores& scores) {
  json::array labels;
  for (std::size_t row = 0; row < taught.rows.size(); ++row) {
    const TaughtScores::Label label = scores.label(row);
    labels.emplace_back(json::object{{"label", taught.labels[taught.rows[row]]},
                                     {"highest", count_object(label.highest)},
                                     {"heard_first", count_object(label.heard_first)},
                                     {"events", count_object(label.events)},
                                     {"false_events", count_object(label.false_events)},
                                     {"average_precision", label.average_precision},
                                     {"base_average_precision", label.base_precision},
                                     {"ece", label.calibration_error}});
  }
  return labels;
}

std::string scores_text(const TaughtLabels& taught, const TaughtScores& scores) {
  std::string text;
  for (std::size_t gain = 0; gain < kTaughtGainsDb.size(); ++gain) {
    text += fmt::format("{:>4.0f} dB: {} of clips have their own label highest\n", kTaughtGainsDb[gain],
                        count_text(scores.highest_right(gain)));
  }
  text += fmt::format("all {} labels in play: {} of clips have theirs first in most windows\n", taught.labels.size(),
                      count_text(scores.heard_first()));
  text += fmt::format("calibration error of loud windows {:.4f}\n", scores.calibration_error());
  text += fmt::format("{:<32} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "label", "highest", "first", "events", "false",
                      "AP", "base's");
  for (std::size_t row = 0; row < taught.rows.size(); ++row) {
    const TaughtScores::Label label = scores.label(row);
    const auto cell = [](const Tally& count) { return fmt::format("{}/{}", count.found, count.of); };
    text += fmt::format("{:<32} {:>8} {:>8} {:>8} {:>8} {:>8.4f} {:>8.4f}\n",
                        printable(taught.labels[taught.rows[row]]), cell(label.highest), cell(label.heard_first),
                        cell(label.events), cell(label.false_events), label.average_precision, label.base_precision);
  }
  return text;
}

std::string interval_text(const Tally& events) {
  if (events.of == 0) return "-";
  const Interval interval = wilson_interval(events.found, events.of);
  return fmt::format("{}/{} ({:.0f}-{:.0f} %)", events.found, events.of, 100.0 * interval.low, 100.0 * interval.high);
}

/// By heads that had not heard what they are asked for.
std::string unheard_text(const TaughtLabels& taught, const TaughtHead& head) {
  std::string text = "Each recording by a layer that had not heard it, with 95 % intervals:\n";
  text += fmt::format("{:<28} {:>9}  {:<19} {:<19} {:<20} {}\n", "label", "threshold", "own label highest",
                      "clips with an event", "other clips with one", "of the bank");
  for (std::size_t row = 0; row < taught.rows.size(); ++row) {
    const UnheardLabel& label = head.unheard[row];
    text += fmt::format("{:<28} {:>9.3f}  {:<19} {:<19} {:<20} {}\n", printable(taught.labels[taught.rows[row]]),
                        head.thresholds[taught.rows[row]], interval_text(label.highest), interval_text(label.own),
                        interval_text(label.others), interval_text(label.negatives));
  }
  return text;
}

/// What a reader needs to do it again.
void add_settings(Report& report, const Lessons& lessons, const TrainOptions& options) {
  report.configuration = {{"base", lessons.base().model.name + ", " + lessons.base().model.sha256},
                          {"seed", fmt::format("{}", options.seed.value_or(1))}};
  const TaughtLabels& taught = lessons.taught();
  for (std::size_t label = 0; label < taught.of_class.size(); ++label)
    report.configuration.push_back(
        {"class " + lessons.data().labels[label], taught.labels[taught.of_class[label]]});
  if (!lessons.without().empty())
    report.configuration.push_back(
        {"families of the bank left out", fmt::format("{}", fmt::join(lessons.without(), ", "))});
  report.machine = machine_facts(options.threads);
}

void write_report(const Lessons& lessons, const TaughtHead& head, const std::vector<LearningPoint>& curve,
                  const TrainOptions& options) {
  Report report = teach_report(lessons.material(), head.clips, false);
  add_figures(report, lessons.taught(), head);
  report.learning = curve;
  add_settings(report, lessons, options);
  write_teach_report(report, options.out);
}

std::string curve_text(const std::vector<LearningPoint>& curve) {
  std::string text;
  for (const LearningPoint& point : curve) {
    text +=
        fmt::format("{} {:.1f} % with {:.3g}", text.empty() ? "Own label highest, by clips a label:" : ",",
                    100.0 * point.highest.share(), point.clips_per_label);
  }
  return text.empty() ? text : text + '\n';
}

}  // namespace

int run_teach(const TrainOptions& options) {
  refuse_steps(options);
  const StopSignal stop;
  constexpr std::size_t kLeastClasses = 1;  // its bank and its other labels are what it is told apart from
  DataSet data = open_data_set(options.data, options.strict, kLeastClasses);
  make_empty_directory(options.out);
  const Lessons lessons(options, std::move(data), options.fold, stop);
  if (!lessons.complete()) return 128 + stop.received();
  const auto begin = std::chrono::steady_clock::now();
  const HeadTeacher teacher = lessons.teacher(options);
  const TaughtHead head = teacher.teach([](std::size_t) { return true; });
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  if (stop.received() != 0) return 128 + stop.received();
  tell(fmt::format("{} labels taught in {:.1f} s", lessons.taught().rows.size(), passed.count()));
  save_model(lessons.model(head, options), options.out / "model.safetensors");
  const std::vector<LearningPoint> curve = teacher.learning_curve(head);
  write_report(lessons, head, curve, options);
  std::cout << unheard_text(lessons.taught(), head) << curve_text(curve)
            << printable((options.out / "model.safetensors").string()) << '\n';
  return 0;
}

int run_teach_crossval(const TrainOptions& options, std::optional<int> folds) {
  refuse_steps(options);
  const StopSignal stop;
  DataSet data = open_with_folds(options, folds, options.seed.value_or(1));
  const std::vector<int> held_out = folds_to_teach(data);
  make_run_directory(options.out);
  refuse_used_folds(options.out, held_out);
  const Lessons lessons(options, std::move(data), std::nullopt, stop);
  if (!lessons.complete()) return 128 + stop.received();
  const HeadTeacher teacher = lessons.teacher(options);
  TaughtScores scores(lessons.data(), lessons.base(), lessons.taught(), lessons.windows());
  json::array of_folds;
  std::vector<double> accuracies;
  for (const int fold : held_out) {
    if (stop.received() != 0) return 128 + stop.received();
    const auto in_fold = [&](std::size_t clip) { return lessons.data().clips[clip].fold == fold; };
    const TaughtHead head = teacher.teach([&](std::size_t clip) { return !in_fold(clip); });
    TrainOptions of_fold = options;
    of_fold.fold = fold;
    const std::filesystem::path out = options.out / fmt::format("fold-{}", fold);
    make_run_directory(out);
    save_model(lessons.model(head, of_fold), out / "model.safetensors");
    const Tally before = scores.highest_right(0);
    scores.add(head, in_fold);
    const Tally after = scores.highest_right(0);
    const Tally count{after.found - before.found, after.of - before.of};
    accuracies.push_back(count.share());
    of_folds.emplace_back(json::object{
        {"fold", fold}, {"accuracy", count.share()}, {"clips", count.of}, {"correct", count.found}});
    std::cout << fmt::format("fold {}: {}", fold, count_text(count)) << std::endl;
  }
  std::cout << scores_text(lessons.taught(), scores);
  const json::object summary{{"preset", "base"},
                             {"base", lessons.base().model.name},
                             {"base_sha256", lessons.base().model.sha256},
                             {"seed", options.seed.value_or(1)},
                             {"folds", std::move(of_folds)},
                             {"mean_accuracy", mean_and_error(accuracies).mean},
                             {"labels", label_names(lessons.taught())},
                             {"confusion", json::value_from(scores.confusion())},
                             {"gains_db", gains_object(scores)},
                             {"heard_first", count_object(scores.heard_first())},
                             {"ece", scores.calibration_error()},
                             {"taught", labels_array(lessons.taught(), scores)}};
  write_file_atomically(options.out / "summary.json", std::string_view(json_text(summary)));
  Report report = teach_report(lessons.material(), scores.clips(), true);
  for (std::size_t row = 0; row < report.taught.size(); ++row) {
    report.taught[row].own = scores.label(row).events;
    report.taught[row].others = scores.label(row).false_events;
  }
  add_settings(report, lessons, options);
  write_teach_report(report, options.out);
  return 0;
}

}  // namespace earshot
