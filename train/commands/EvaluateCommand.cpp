#include "train/commands/EvaluateCommand.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/StopSignal.h"
#include "nn/model/Model.h"
#include "train/commands/CommandLine.h"
#include "train/commands/LoadClips.h"
#include "train/data/DataSet.h"
#include "train/measuring/Evaluation.h"
#include "train/measuring/ScoredClips.h"

namespace earshot {
std::vector<std::size_t> chosen_clips(const DataSet& data, std::optional<int> fold, bool test_split) {
  if (fold) return clips_of_fold(data, *fold);
  if (test_split) {
    std::vector<std::size_t> which = clips_of_part(data, Part::test);
    if (which.empty()) {
      throw Error(ExitCode::bad_data,
                  data.directory.string() + ": found no test list, expected Test_Public.csv");
    }
    return which;
  }
  std::vector<std::size_t> which = clips_of_part(data, Part::train);
  const std::vector<std::size_t> tests = clips_of_part(data, Part::test);
  which.insert(which.end(), tests.begin(), tests.end());
  return which;
}

std::string trained_on_warning(const Model& model, const DataSet& data, std::optional<int> fold,
                               bool test_split) {
  if (test_split) return {};
  const std::string name = std::filesystem::weakly_canonical(data.directory).filename().string();
  for (const std::string whose : {"", "initial "}) {
    const auto told = model.provenance.find(whose + "data");
    if (told == model.provenance.end() || !told->second.starts_with(name + ": ")) continue;
    const auto held_out = model.provenance.find(whose + "held out");
    const bool keeps_one = held_out != model.provenance.end();
    if (fold && keeps_one && held_out->second == fmt::format("fold {}", *fold)) continue;
    return fmt::format("{} trained on {}{}: on clips that it knows it is better than on others, and surer",
                       whose.empty() ? "the model was" : "the weights that the model began with were",
                       told->second, keeps_one ? ", without " + held_out->second : "");
  }
  return {};
}

int run_evaluate(const EvaluateOptions& options) {
  const Model model = load_model(options.model);
  const DataSet data = open_data_set(options.data, options.strict);
  const std::vector<std::size_t> chosen = chosen_clips(data, options.fold, options.test_split);
  const std::vector<std::size_t> known = known_clips(data, chosen, model.labels, options.known_only);
  if (known.empty()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: found no clip of a label that the model knows, expected one of {}",
                            options.data.string(), fmt::join(model.labels, ", ")));
  }
  if (known.size() < chosen.size()) {
    std::cerr << fmt::format("{} of {} clips left out: their labels are not the model's\n",
                             chosen.size() - known.size(), chosen.size());
  }
  const std::string warning = trained_on_warning(model, data, options.fold, options.test_split);
  if (!warning.empty()) std::cerr << "note: " << warning << '\n';
  const StopSignal stop;
  const ClipLoading loading{"clips", static_cast<unsigned>(options.threads), options.strict};
  const FeatureSet features = load_clips(data, known, model.recipe, loading, stop);
  if (!features.complete) return 128 + stop.received();
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
  struct Options : EvaluateOptions {
    std::string split;
  };
  const auto options = std::make_shared<Options>();
  Command command = line.add("evaluate", "Measure a model on a data set", [options] {
    options->test_split = !options->split.empty();
    return run_evaluate(*options);
  });
  command.option("model", &options->model, "The model file").required();
  command.option("--data", &options->data, "Directory of the data set").required();
  const CommandOption fold = command.option("--fold", &options->fold, "Only this fold");
  command.option("--split", &options->split, "Only the clips of the test list: test")
      .one_of({"test"})
      .excludes(fold);
  command.option("--known-only", &options->known_only,
                 "Leave out clips whose labels the model does not know, and count them");
  command.option("--scores", &options->scores, "Write every clip's scores there, CSV");
  command.option("--json", &options->json, "One JSON document instead of text");
  command.option("--strict", &options->strict, "A clip that cannot be read is an error");
  command.threads(options->threads);
}

}  // namespace earshot
