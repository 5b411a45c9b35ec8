#include "train/commands/CalibrateCommand.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

#include "dsp/base/Error.h"
#include "dsp/base/JsonText.h"
#include "dsp/base/StopSignal.h"
#include "dsp/base/Utf8.h"
#include "nn/model/Model.h"
#include "train/commands/ClipChoiceOptions.h"
#include "train/commands/CommandLine.h"
#include "train/commands/LoadClips.h"
#include "train/commands/Tell.h"
#include "train/data/DataSet.h"
#include "train/measuring/Metrics.h"
#include "train/measuring/ScoredClips.h"
#include "train/measuring/Temperature.h"
#include "train/measuring/TrainedOn.h"
#include "train/teaching/HeadRows.h"
#include "train/teaching/LabelCalibration.h"
#include "train/teaching/TeachConfig.h"

namespace earshot {
namespace {

// What the temperature is fitted to; nothing if a signal came first.
struct Source {
  ScoredClips clips;
  std::string name;
};

std::optional<Source> score_data(Model model, const CalibrateOptions& options, const StopSignal& stop) {
  const DataSet data = open_data_set(*options.data, options.strict);
  const std::vector<std::size_t> chosen = chosen_clips(data, options.clips);
  known_clips(data, chosen, model.labels, false);
  const std::string warning = trained_on_warning(model, data, options.clips);
  if (!warning.empty()) {
    tell("warning: " + warning + "; out-of-fold scores (crossval, then --scores) are the honest source");
  }
  const FeatureSet features = load_clips(
      data, chosen, model.recipe, {"clips", static_cast<unsigned>(options.threads), options.strict}, stop);
  if (!features.complete) return std::nullopt;
  limit_kept_features();
  model.temperature = 1.0F;
  // Of a recipe that takes windows these are what is scored live.
  return Source{score_features(model, data, features, options.threads), options.data->string()};
}

std::string fit_json(const TemperatureFit& fit, const Source& source) {
  return json_text(boost::json::object{{"temperature", fit.temperature},
                                       {"loss_before", fit.loss_before},
                                       {"loss_after", fit.loss_after},
                                       {"ece_before", fit.calibration_error_before},
                                       {"ece_after", fit.calibration_error_after},
                                       {"clips", source.clips.size()},
                                       {"source", source.name}});
}

std::string fit_text(const TemperatureFit& fit, const Source& source) {
  return fmt::format(
      "temperature {:.4f} from {} clips of {}\nloss {:.4f} before, {:.4f} after\ncalibration error {:.4f} "
      "before, {:.4f} "
      "after\n",
      fit.temperature, source.clips.size(), printable(source.name), fit.loss_before, fit.loss_after,
      fit.calibration_error_before, fit.calibration_error_after);
}

/// What moving a label's scores has done, over windows.
struct LabelFit {
  std::string label;
  LogitLine line;
  std::size_t windows = 0;
  double error_before = 0.0;
  double error_after = 0.0;
};

LabelFit fit_label(const ScoredClips& windows, std::size_t label) {
  constexpr float kLeast = 1e-7F;
  const std::size_t labels = windows.labels.size();
  std::vector<float> scores;
  std::vector<float> logits;
  std::vector<unsigned char> truth;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const float score = std::clamp(windows.scores[i * labels + label], kLeast, 1.0F - kLeast);
    scores.push_back(score);
    logits.push_back(std::log(score / (1.0F - score)));
    truth.push_back(windows.present[i * labels + label]);
  }
  LabelFit fit{windows.labels[label], fit_logit_line(logits, truth), scores.size(), 0.0, 0.0};
  fit.error_before = expected_calibration_error(reliability_bins(scores, truth));
  std::ranges::transform(logits, scores.begin(), [&](float logit) {
    return score_of_logit(static_cast<float>(fit.line.slope * static_cast<double>(logit) + fit.line.offset));
  });
  fit.error_after = expected_calibration_error(reliability_bins(scores, truth));
  return fit;
}

std::string labels_json(const std::vector<LabelFit>& fits) {
  boost::json::array labels;
  for (const LabelFit& fit : fits) {
    labels.emplace_back(boost::json::object{{"label", fit.label},
                                            {"slope", fit.line.slope},
                                            {"offset", fit.line.offset},
                                            {"windows", fit.windows},
                                            {"ece_before", fit.error_before},
                                            {"ece_after", fit.error_after}});
  }
  return json_text(boost::json::object{{"labels", std::move(labels)}});
}

std::string labels_text(const std::vector<LabelFit>& fits) {
  std::string text;
  for (const LabelFit& fit : fits) {
    text +=
        fmt::format("{:<32} slope {:6.3f}, offset {:6.3f}, calibration error {:.4f} before, {:.4f} after\n",
                    printable(fit.label), fit.line.slope, fit.line.offset, fit.error_before, fit.error_after);
  }
  return text;
}

int calibrate_labels(Model model, const CalibrateOptions& options) {
  if (options.scores) {
    throw Error(ExitCode::usage,
                fmt::format("--scores: found beside {}, whose labels are calibrated one by one, by windows; "
                            "expected --data",
                            options.model.string()));
  }
  DataSet data = open_data_set(*options.data, options.strict, 1);
  if (options.config) rename_classes(data, load_teach_config(*options.config));
  const std::vector<std::size_t> chosen = chosen_clips(data, options.clips);
  const std::string warning = trained_on_warning(model, data, options.clips);
  if (!warning.empty())
    tell("warning: " + warning + "; clips that it was not taught with are the honest source");
  const StopSignal stop;
  const FeatureSet features =
      load_clips(data, known_clips(data, chosen, model.labels, false), model.recipe,
                 {"clips", static_cast<unsigned>(options.threads), options.strict}, stop);
  if (!features.complete) return 128 + stop.received();
  limit_kept_features();
  const ScoredClips windows = score_features(model, data, features, options.threads);
  const std::string head = model.architecture.layers.back().name;  // as Base has it
  std::vector<LabelFit> fits;
  for (std::size_t label = 0; label < model.labels.size(); ++label) {
    if (std::ranges::find(data.labels, model.labels[label]) == data.labels.end()) continue;
    fits.push_back(fit_label(windows, label));
    move_label(model, head, label, fits.back().line);
  }
  model.provenance["calibration"] = fmt::format("{} labels, by {} windows of {} clips of {}", fits.size(),
                                                windows.size(), features.clip_count(), data.name());
  save_model(model, options.out);
  std::cout << (options.json ? labels_json(fits) : labels_text(fits));
  return 0;
}

}  // namespace

int run_calibrate(const CalibrateOptions& options) {
  Model model = load_model(options.model);
  if (model.recipe.clip == ClipFit::windows && model.architecture.scores == Scores::sigmoid)
    return calibrate_labels(std::move(model), options);
  const StopSignal stop;
  const std::optional<Source> source =
      options.scores ? Source{read_scores_csv(*options.scores, model.labels), options.scores->string()}
                     : score_data(model, options, stop);
  if (!source) return 128 + stop.received();
  TemperatureFit fit;
  try {
    fit = fit_temperature(source->clips, model.architecture.scores);
  } catch (const Error& error) {
    throw Error(error.code(), source->name + ": " + error.what());
  }
  model.temperature = static_cast<float>(fit.temperature);
  model.provenance["temperature"] =
      fmt::format("{:.4f}, fitted to {} clips of {}", fit.temperature, source->clips.size(),
                  printable(std::filesystem::path(source->name).lexically_normal().filename().string()));
  save_model(model, options.out);
  std::cout << (options.json ? fit_json(fit, *source) : fit_text(fit, *source));
  return 0;
}

void add_calibrate(CommandLine& line) {
  const auto options = std::make_shared<CalibrateOptions>();
  Command command = line.add("calibrate", "Make a model's scores as sure as they are right",
                             [options] { return run_calibrate(*options); });
  command.option("model", &options->model, "The model file").required();
  const CommandOption scores = command.option(
      "--scores", &options->scores, "Scores of clips that the models had not seen: crossval's scores.csv");
  command.exactly_one_of("what to fit to",
                         {scores, command.option("--data", &options->data,
                                                 "Directory of a data set: the model scores its clips now")});
  ClipChoiceOptions clips = add_clip_choice(command, options->clips);
  command.option("--config", &options->config,
                 "TOML of a train --base: its [labels] say what classes are called");
  clips.fold.excludes(scores);
  clips.split.excludes(scores);
  command.option("--out", &options->out, "Write the calibrated model there").required();
  command.option("--json", &options->json, "One JSON document instead of text");
  command.option("--strict", &options->strict, "A clip that cannot be read is an error");
  command.threads(options->threads);
}

}  // namespace earshot
