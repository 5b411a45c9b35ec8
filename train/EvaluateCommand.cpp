#include "train/EvaluateCommand.h"

#include <algorithm>
#include <iostream>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/Error.h"
#include "nn/AtomicFile.h"
#include "nn/Model.h"
#include "train/CommandLine.h"
#include "train/DataSet.h"
#include "train/Evaluation.h"
#include "train/LoadClips.h"
#include "train/StopSignal.h"

namespace earshot {
namespace {

std::vector<std::size_t> chosen_clips(const DataSet& data, const EvaluateOptions& options) {
  if (options.fold) return clips_of_fold(data, *options.fold);
  if (options.test_split) {
    std::vector<std::size_t> which = clips_of_part(data, Part::test);
    if (which.empty()) {
      throw Error(ExitCode::bad_data,
                  data.directory.string() + ": found no test list, expected Test_Public.csv");
    }
    return which;
  }
  std::vector<std::size_t> which(data.clips.size());
  std::iota(which.begin(), which.end(), std::size_t{0});
  return which;
}

// The data set's numbers for its labels -> the model's numbers for the same ones.
std::vector<int> labels_in_model(const FeatureSet& features, const DataSet& data, const Model& model) {
  std::vector<int> labels;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::string& label = data.labels[static_cast<std::size_t>(features.labels[i])];
    const auto known = std::ranges::find(model.labels, label);
    if (known == model.labels.end()) {
      throw Error(
          ExitCode::bad_data,
          fmt::format("{}: found the label '{}', expected one the model knows: {}",
                      data.clips[features.clips[i]].path.string(), label, fmt::join(model.labels, ", ")));
    }
    labels.push_back(static_cast<int>(known - model.labels.begin()));
  }
  return labels;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string scores_csv(const FeatureSet& features, const DataSet& data, std::span<const float> scores,
                       std::span<const int> truth, const std::vector<std::string>& labels) {
  std::string text = "file,label,predicted";
  for (const std::string& label : labels) text += ',' + csv_field(label);
  text += '\n';
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::span<const float> row = scores.subspan(i * labels.size(), labels.size());
    text += csv_field(data.clips[features.clips[i]].path.filename().string()) + ',' +
            csv_field(labels[static_cast<std::size_t>(truth[i])]) + ',' +
            csv_field(labels[predicted_class(row)]);
    for (const float score : row) text += fmt::format(",{}", score);
    text += '\n';
  }
  return text;
}

}  // namespace

int run_evaluate(const EvaluateOptions& options) {
  const Model model = load_model(options.model);
  const DataSet data = read_data_set(options.data);
  const StopSignal stop;
  const ClipLoading loading{"clips", static_cast<unsigned>(options.threads), options.strict};
  const FeatureSet features = load_clips(data, chosen_clips(data, options), model.recipe, loading, stop);
  if (!features.complete) return 128 + stop.received();
  const std::vector<int> truth = labels_in_model(features, data, model);
  const std::vector<float> scores = classify_all(model, features, options.threads);
  if (options.scores) {
    const std::string csv = scores_csv(features, data, scores, truth, model.labels);
    write_file_atomically(*options.scores, std::string_view(csv));
  }
  const Evaluation evaluation = evaluate(scores, truth, model.labels);
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
  command.option("--scores", &options->scores, "Write every clip's scores there, CSV");
  command.option("--json", &options->json, "One JSON document instead of text");
  command.option("--strict", &options->strict, "A clip that cannot be read is an error");
  command.threads(options->threads);
}

}  // namespace earshot
