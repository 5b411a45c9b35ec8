#include "train/commands/EvaluateCommand.h"

#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
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

namespace earshot {

int run_evaluate(const EvaluateOptions& options) {
  const Model model = load_model(options.model);
  const DataSet data = open_data_set(options.data, options.strict);
  const std::vector<std::size_t> chosen = chosen_clips(data, options.clips);
  const std::vector<std::size_t> known = known_clips(data, chosen, model.labels, options.known_only);
  if (known.empty()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: found no clip of a label that the model knows, expected one of {}",
                            options.data.string(), fmt::join(model.labels, ", ")));
  }
  if (known.size() < chosen.size()) {
    tell(fmt::format("{} of {} clips left out: their labels are not the model's",
                     chosen.size() - known.size(), chosen.size()));
  }
  const std::string warning = trained_on_warning(model, data, options.clips);
  if (!warning.empty()) tell("note: " + warning);
  const StopSignal stop;
  const ClipLoading loading{"clips", static_cast<unsigned>(options.threads), options.strict};
  const FeatureSet features = load_clips(data, known, model.recipe, loading, stop);
  if (!features.complete) return 128 + stop.received();
  limit_kept_features();
  const ScoredClips scored = score_clips(model, data, features, options.threads);
  if (options.scores) {
    const std::string csv = scores_csv(scored);
    write_file_atomically(*options.scores, std::string_view(csv));
  }
  const Evaluation evaluation = evaluate(scored, model.architecture.scores);
  std::cout << (options.json ? evaluation_json(evaluation) : evaluation_text(evaluation));
  return 0;
}

void add_evaluate(CommandLine& line) {
  const auto options = std::make_shared<EvaluateOptions>();
  Command command = line.add("evaluate", "Measure a model on a data set",
                             [options] { return run_evaluate(*options); });
  command.option("model", &options->model, "The model file").required();
  command.option("--data", &options->data, "Directory of the data set").required();
  add_clip_choice(command, options->clips);
  command.option("--known-only", &options->known_only,
                 "Leave out clips whose labels the model does not know, and count them");
  command.option("--scores", &options->scores, "Write every clip's scores there, CSV");
  command.option("--json", &options->json, "One JSON document instead of text");
  command.option("--strict", &options->strict, "A clip that cannot be read is an error");
  command.threads(options->threads);
}

}  // namespace earshot
