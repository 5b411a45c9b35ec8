#include "train/commands/CalibrateCommand.h"

#include <iostream>
#include <memory>
#include <string>

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
#include "train/measuring/ScoredClips.h"
#include "train/measuring/Temperature.h"
#include "train/measuring/TrainedOn.h"

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
  return Source{score_clips(model, data, features, options.threads), options.data->string()};
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

}  // namespace

int run_calibrate(const CalibrateOptions& options) {
  Model model = load_model(options.model);
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
  clips.fold.excludes(scores);
  clips.split.excludes(scores);
  command.option("--out", &options->out, "Write the calibrated model there").required();
  command.option("--json", &options->json, "One JSON document instead of text");
  command.option("--strict", &options->strict, "A clip that cannot be read is an error");
  command.threads(options->threads);
}

}  // namespace earshot
