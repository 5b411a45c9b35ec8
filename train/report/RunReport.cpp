#include "train/report/RunReport.h"

#include <algorithm>
#include <set>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
#include <boost/json.hpp>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/JsonText.h"
#include "nn/kernels/Processor.h"
#include "train/measuring/ScoredClips.h"
#include "train/report/FeaturePicture.h"
#include "train/report/Machine.h"
#include "train/report/Png.h"
#include "train/report/ReportPage.h"

namespace earshot {
namespace {

constexpr std::size_t kWorstClips = 12;

std::string hours(double seconds) {
  const auto whole = static_cast<long>(seconds);
  return whole < 3600 ? fmt::format("{} min {:02} s", whole / 60, whole % 60)
                      : fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::vector<Report::Fact> data_facts(const FinishedRun& run) {
  std::vector<Report::Fact> facts;
  facts.push_back({"directory", run.data.name()});
  facts.push_back({"training clips", fmt::format("{}", run.train.clip_count())});
  facts.push_back({"validation clips", fmt::format("{}", run.validation.clip_count())});
  facts.push_back({"classes", fmt::format("{}", run.data.labels.size())});
  const auto folds_of = [&](const FeatureSet& part) {
    std::set<int> folds;
    for (const std::size_t clip : part.clips) {
      if (run.data.clips[clip].fold > 0) folds.insert(run.data.clips[clip].fold);
    }
    return fmt::format("{}", fmt::join(folds, ", "));
  };
  if (const std::string folds = folds_of(run.train); !folds.empty())
    facts.push_back({"folds trained on", folds});
  if (const std::string folds = folds_of(run.validation); !folds.empty())
    facts.push_back({"folds for validation", folds});
  if (const auto held_out = run.model.provenance.find("held out"); held_out != run.model.provenance.end())
    facts.push_back({"held out", held_out->second});
  if (run.model.recipe.clip == ClipFit::windows) {
    facts.push_back({"loud windows trained on", fmt::format("{}", run.train.size())});
    facts.push_back(
        {"clips without one", fmt::format("{}", run.train.quiet.size() + run.validation.quiet.size())});
  }
  const std::size_t problems = run.train.problems.size() + run.validation.problems.size();
  facts.push_back({"left out, unreadable", fmt::format("{}", problems)});
  const std::uint64_t bad_samples = run.train.bad_samples + run.validation.bad_samples;
  facts.push_back({"NaN or infinite samples", fmt::format("{}", bad_samples)});
  facts.push_back({"features of a clip", shape_text(run.model.recipe.shape())});
  return facts;
}

std::vector<Report::Fact> run_facts(const FinishedRun& run) {
  double seconds = 0.0;
  for (const EpochRecord& record : run.history) seconds += record.seconds;
  const auto epochs = static_cast<double>(std::max<std::size_t>(1, run.history.size()));
  std::vector<Report::Fact> facts;
  facts.push_back({"seed", fmt::format("{}", run.config.seed)});
  if (const auto date = run.model.provenance.find("made on"); date != run.model.provenance.end())
    facts.push_back({"made on", date->second});
  facts.push_back({"epochs", fmt::format("{} of {}{}", run.history.size(), run.config.epochs,
                                         run.stopped_early ? ", stopped early" : "")});
  facts.push_back({"the model is of", fmt::format("epoch {}", run.kept_epoch)});
  facts.push_back({"seconds an epoch", fmt::format("{:.2f}", seconds / epochs)});
  facts.push_back({"clips trained on a second",
                   fmt::format("{:.1f}, validation included",
                               static_cast<double>(run.train.size()) * epochs / std::max(1e-9, seconds))});
  facts.push_back({"training took", hours(seconds)});
  const std::vector<Report::Fact> machine = machine_facts(run.threads);
  facts.insert(facts.end(), machine.begin(), machine.end());
  return facts;
}

// Background is none of the classes: it trains, but there is no label it could be scored by.
Evaluation evaluate_labelled(const FinishedRun& run, const FeatureSet& features,
                             std::span<const float> scores) {
  const std::size_t classes = run.model.labels.size();
  ScoredClips clips;
  clips.labels = run.model.labels;
  std::vector<std::size_t> clip_of;
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (features.labels[i] < 0) continue;
    const auto row = scores.subspan(i * classes, classes);
    clips.scores.insert(clips.scores.end(), row.begin(), row.end());
    clips.truth.push_back(features.labels[i]);
    clip_of.push_back(features.clips[i]);
    clips.present.resize(clips.scores.size(), 0);
    for (const int label : run.data.clips[features.clips[i]].labels())
      clips.present[clips.scores.size() - classes + static_cast<std::size_t>(label)] = 1;
  }
  std::vector<std::size_t> quiet = features.quiet;
  std::erase_if(quiet, [&](std::size_t clip) { return run.data.clips[clip].background(); });
  return evaluate(by_clips(std::move(clips), run.model, run.data, clip_of, quiet),
                  run.model.architecture.scores);
}

std::vector<Report::ClassCount> class_counts(const FinishedRun& run) {
  std::vector<Report::ClassCount> counts(run.data.labels.size());
  const auto count = [&](const FeatureSet& part, std::size_t Report::ClassCount::*of) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (!part.begins_clip(i)) continue;
      for (const int label : run.data.clips[part.clips[i]].labels())
        ++(counts[static_cast<std::size_t>(label)].*of);
    }
  };
  count(run.train, &Report::ClassCount::train);
  count(run.validation, &Report::ClassCount::validation);
  return counts;
}

}  // namespace

std::vector<std::string> architecture_notes(const std::string& architecture) {
  if (architecture != "efficientnet_b0") return {};
  return {
      "The experiment that this preset comes from stayed at chance, about 12 %: its pictures were scaled to "
      "0 .. 1, "
      "and Keras' EfficientNetB0, which expects 0 .. 255, divides by 255 itself. Scaled twice, every picture "
      "was "
      "all but black to the pretrained network. This run fed it 0 .. 255."};
}

std::vector<Report::Fact> machine_facts(int threads) {
  return {{"earshot", EARSHOT_VERSION},
          {"oneDNN", onednn_version()},
          {"compiler", compiler_name()},
          {"processor", processor_name()},
          {"threads", fmt::format("{}", threads)}};
}

std::vector<Report::ScoredClip> worst_scored_clips(const DataSet& data, const FeatureSet& features,
                                                   const FeatureRecipe& recipe, std::span<const float> scores,
                                                   std::span<const int> truth) {
  const std::size_t classes = truth.empty() ? 0 : scores.size() / truth.size();
  std::vector<Report::ScoredClip> clips;
  std::vector<float> room;
  std::set<std::size_t> shown;  // of a clip's windows the worst
  for (const std::size_t i : worst_clips(scores, truth, classes, truth.size())) {
    if (shown.size() == kWorstClips) break;
    if (!shown.insert(features.clips[i]).second) continue;
    const std::span<const float> row = scores.subspan(i * classes, classes);
    Report::ScoredClip clip;
    clip.file = data.name_of(data.clips[features.clips[i]]);
    if (!features.starts.empty())
      clip.file += fmt::format(", {:.2f} s", static_cast<double>(features.starts[i]) / recipe.rate_hz);
    clip.label = static_cast<std::size_t>(truth[i]);
    clip.scores.assign(row.begin(), row.end());
    clip.loss = clip_loss(row[clip.label]);
    const FeaturePicture picture = feature_picture(features.image(i, room), recipe);
    clip.png = png_bytes(picture.levels, picture.height, picture.width, Palette::heat);
    clips.push_back(std::move(clip));
  }
  return clips;
}

Report run_report(const FinishedRun& run) {
  const bool has_validation = run.validation.size() > 0;
  const FeatureSet& scored = has_validation ? run.validation : run.train;
  const std::vector<float> scores = classify_all(run.model, scored, run.threads);
  Report report;
  report.recipe = run.config.name;
  report.data = run.data.name();
  report.notes = architecture_notes(run.model.architecture.name);
  if (!has_validation) {
    report.notes.emplace_back(
        "There was no validation part: these are the clips that the model was trained on, and it will do "
        "worse on "
        "others. Measure it with trainer evaluate on clips that it has not met.");
  }
  const auto& stopping = run.config.early_stopping;
  const bool chosen_by_validation = stopping && stopping->monitor == TrainConfig::Monitor::val_loss;
  if (chosen_by_validation && run.kept_epoch != static_cast<int>(run.history.size())) {
    report.notes.emplace_back(
        "Which epoch the model is of was chosen by these clips: expect a little less on others.");
  }
  report.evaluation = evaluate_labelled(run, scored, scores);
  report.scored = fmt::format("the {} clips of the {} part", report.evaluation.clips,
                              has_validation ? "validation" : "training");
  report.runs = {{"", run.history, run.kept_epoch}};
  report.worst = worst_scored_clips(run.data, scored, run.model.recipe, scores, scored.labels);
  report.class_counts = class_counts(run);
  report.data_facts = data_facts(run);
  for (const auto& [name, value] : run.settings) {
    if (!name.starts_with("data.")) report.configuration.push_back({name, value});
  }
  report.machine = run_facts(run);
  return report;
}

void write_run_report(const FinishedRun& run, const std::filesystem::path& directory) {
  const Report report = run_report(run);
  const std::string html = render_html(report);
  write_file_atomically(directory / "report.html", std::string_view(html));
  boost::json::object object{{"preset", run.config.name},
                             {"seed", run.config.seed},
                             {"labels", boost::json::value_from(run.data.labels)},
                             {"settings", boost::json::value_from(run.settings)},
                             {"provenance", boost::json::value_from(run.model.provenance)},
                             {"stopped_early", run.stopped_early},
                             {"seconds_waited_for_batches", run.seconds_waited},
                             {"model_epoch", run.kept_epoch},
                             {"history", history_json(run.history)}};
  for (auto& [key, value] : report_json(report)) object[key] = std::move(value);
  const std::string json = json_text(object);
  write_file_atomically(directory / "report.json", std::string_view(json));
}

}  // namespace earshot
