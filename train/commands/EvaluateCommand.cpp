#include "train/commands/EvaluateCommand.h"

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>
#include <boost/json.hpp>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/JsonText.h"
#include "dsp/base/StopSignal.h"
#include "nn/model/Model.h"
#include "train/commands/ClipChoiceOptions.h"
#include "train/commands/CommandLine.h"
#include "train/commands/LoadClips.h"
#include "train/commands/Tell.h"
#include "train/data/DataSet.h"
#include "train/measuring/Evaluation.h"
#include "train/measuring/ScoredClips.h"
#include "train/measuring/TrainedOn.h"
#include "train/teaching/TeachConfig.h"

namespace earshot {
namespace {

struct Scored {
  ScoredClips clips;
  std::optional<ScoredClips> windows;
};

/// As the model's recipe takes clips; nothing if a signal came first.
std::optional<Scored> score(const Model& model, const DataSet& data, const std::vector<std::size_t>& which,
                            const ClipLoading& loading, const StopSignal& stop) {
  const FeatureSet features = load_clips(data, which, model.recipe, loading, stop);
  if (!features.complete) return std::nullopt;
  ScoredClips scored = score_features(model, data, features, static_cast<int>(loading.threads));
  ScoredClips clips = by_clips(scored, model, data, features.clips, features.quiet);
  if (model.recipe.clip != ClipFit::windows) return Scored{std::move(clips), std::nullopt};
  return Scored{std::move(clips), std::move(scored)};
}

}  // namespace

int run_evaluate(const EvaluateOptions& options) {
  constexpr std::size_t kMany = 30;
  const Model model = load_model(options.model);
  DataSet data = open_data_set(options.data, options.strict, 1);
  if (options.config) rename_classes(data, load_teach_config(*options.config));
  const std::vector<std::size_t> chosen = chosen_clips(data, options.clips);
  const std::vector<std::size_t> known = known_clips(data, chosen, model.labels, options.known_only);
  if (known.empty()) {
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: found no clip of a label that the model knows, expected one of {}",
                    options.data.string(),
                    model.labels.size() <= kMany
                        ? fmt::format("{}", fmt::join(model.labels, ", "))
                        : fmt::format("its {}: earshot labels MODEL lists them", model.labels.size())));
  }
  if (known.size() < chosen.size()) {
    tell(fmt::format("{} of {} clips left out: their labels are not the model's",
                     chosen.size() - known.size(), chosen.size()));
  }
  const std::string warning = trained_on_warning(model, data, options.clips);
  if (!warning.empty()) tell("note: " + warning);
  const StopSignal stop;
  const ClipLoading loading{"clips", static_cast<unsigned>(options.threads), options.strict};
  const std::optional<Scored> scored = score(model, data, known, loading, stop);
  if (!scored) return 128 + stop.received();
  limit_kept_features();
  if (options.scores) {
    const std::string csv = scores_csv(scored->clips);
    write_file_atomically(*options.scores, std::string_view(csv));
  }
  const Scores kind = model.architecture.scores;
  const auto figures = [&](const ScoredClips& all) {
    return evaluate(all.among(data.labels, kind == Scores::softmax), kind);
  };
  const Evaluation evaluation = figures(scored->clips);
  boost::json::object json = evaluation_object(evaluation);
  std::string text = evaluation_text(evaluation);
  if (scored->windows) {
    const Evaluation windows = figures(*scored->windows);
    json["windows"] = {{"correct", windows.correct}, {"of", windows.clips}, {"accuracy", windows.accuracy}};
    text = fmt::format("by loud windows; of these alone {:.2f} % ({} of {})\n", 100.0 * windows.accuracy,
                       windows.correct, windows.clips) +
           text;
  }
  std::cout << (options.json ? json_text(json) : text);
  return 0;
}

void add_evaluate(CommandLine& line) {
  const auto options = std::make_shared<EvaluateOptions>();
  Command command = line.add("evaluate", "Measure a model on a data set",
                             [options] { return run_evaluate(*options); });
  command.option("model", &options->model, "The model file").required();
  command.option("--data", &options->data, "Directory of the data set").required();
  add_clip_choice(command, options->clips);
  command.option("--config", &options->config,
                 "TOML of a train --base: its [labels] say what classes are called");
  command.option("--known-only", &options->known_only,
                 "Leave out clips whose labels the model does not know, and count them");
  command.option("--scores", &options->scores, "Write every clip's scores there, CSV");
  command.option("--json", &options->json, "One JSON document instead of text");
  command.option("--strict", &options->strict, "A clip that cannot be read is an error");
  command.threads(options->threads);
}

}  // namespace earshot
