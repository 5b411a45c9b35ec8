#include "train/learning/ModelFrame.h"

#include <ctime>
#include <set>
#include <string>
#include <utility>

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

std::string data_text(const DataSet& data, const FeatureSet& train, const FeatureSet& validation) {
  std::set<int> folds;
  for (const std::size_t clip : train.clips) {
    if (data.clips[clip].fold > 0) folds.insert(data.clips[clip].fold);
  }
  std::string text = fmt::format("{}: {} clips", data.name(), train.clip_count());
  if (!folds.empty()) text += fmt::format(" of folds {}", fmt::join(folds, ", "));
  if (validation.size() > 0) text += fmt::format(", {} for validation", validation.clip_count());
  return text;
}

void refuse_unwritable(Model frame, Weights weights, const DataSet& data) {
  frame.weights = std::move(weights);
  try {
    check_writable(frame);
  } catch (const Error& error) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: no model of it can be saved: {}", data.directory.string(), error.what()));
  }
}

}  // namespace

Model model_frame(const TrainConfig& config, const DataSet& data, const FeatureSet& train,
                  const FeatureSet& validation, const Start& start, std::optional<int> held_out) {
  Model frame;
  frame.provenance = start.provenance;
  frame.recipe = config.recipe;
  frame.labels = data.labels;
  frame.architecture = network_architecture(config, static_cast<int>(data.labels.size()));
  frame.provenance["made by"] = "earshot " EARSHOT_VERSION ", trainer train";
  frame.provenance["made on"] = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
  frame.provenance["config"] = printable(config.name);
  frame.provenance["seed"] = fmt::format("{}", config.seed);
  frame.provenance["data"] = data_text(data, train, validation);
  if (held_out) frame.provenance["held out"] = fmt::format("fold {}", *held_out);
  if (!config.notice.empty()) {
    std::string& notice = frame.provenance["notice"];  // beside that of the weights it starts from
    if (notice != config.notice) notice += (notice.empty() ? "" : "; ") + config.notice;
  }
  refuse_unwritable(frame, start.weights, data);
  return frame;
}

}  // namespace earshot
