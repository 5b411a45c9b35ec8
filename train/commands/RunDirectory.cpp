#include "train/commands/RunDirectory.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "train/report/RunReport.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStateFile = "resume.safetensors";
constexpr const char* kModelFile = "model.safetensors";
constexpr const char* kReportFile = "report.json";  // written last, it says that all is done

/// What a run may write before its state or after its model.
constexpr std::array<std::string_view, 5> kOtherFiles = {"best.safetensors", "history.csv", kReportFile,
                                                         "report.html", "tensorboard"};

bool is_there(const fs::path& path) {
  std::error_code error;
  const bool there = fs::exists(path, error);
  if (error) {
    throw Error(ExitCode::io, path.parent_path().string() + ": cannot be used: " + error.message());
  }
  return there;
}

bool holds_only_other_files(const fs::path& directory) {
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (std::ranges::find(kOtherFiles, at->path().filename().string()) == kOtherFiles.end()) return false;
  }
  return !error;
}

std::string epoch_text(const TrainConfig& config, int epoch) {
  return fmt::format("{} of {}", epoch, config.epochs);
}

}  // namespace

RunFiles::RunFiles(const fs::path& directory)
    : state(directory / kStateFile),
      has_state(is_there(state)),
      has_model(is_there(directory / kModelFile)),
      begun(holds_only_other_files(directory)) {}

RunDirectory::RunDirectory(fs::path directory, const TrainConfig& config, const DataSet& data, Model frame,
                           std::map<std::string, std::string> settings)
    : directory_(std::move(directory)),
      config_(config),
      data_(data),
      frame_(std::move(frame)),
      settings_(std::move(settings)) {}

bool RunDirectory::is_complete(const Training& training) const {
  if (!training.finished()) return false;
  try {
    const Model model = load_model(directory_ / kModelFile);
    const auto epoch = model.provenance.find("epoch");
    return epoch != model.provenance.end() &&
           epoch->second == epoch_text(config_, training.epoch_to_keep()) &&
           is_there(directory_ / kReportFile);
  } catch (const Error&) {
    return false;  // and is written anew
  }
}

void RunDirectory::reopen() const {
  std::error_code error;
  fs::remove(directory_ / kReportFile, error);
  if (error) {
    throw Error(ExitCode::io,
                (directory_ / kReportFile).string() + ": cannot be removed: " + error.message());
  }
}

Model RunDirectory::save_model(const char* file, Weights weights, int epoch) const {
  Model model = frame_;
  model.weights.merge(weights);
  model.provenance["epoch"] = epoch_text(config_, epoch);
  earshot::save_model(model, directory_ / file);
  return model;
}

void RunDirectory::save_progress(const Training& training, bool must_be) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  if (!must_be && start - saved_ < 9 * saving_) return;
  TrainingState state = training.state();
  state.settings = settings_;
  write_file_atomically(directory_ / "history.csv", std::string_view(history_csv(state.history)));
  save_training_state(state, directory_ / kStateFile);
  saved_ = Clock::now();
  saving_ = saved_ - start;
}

void RunDirectory::finish(const Training& training, const FeatureSet& train, const FeatureSet& validation,
                          int threads) const {
  const int epoch = training.epoch_to_keep();
  const Model model = save_model(kModelFile, training.weights_to_keep(), epoch);
  if (!config_.checkpoint) save_model("best.safetensors", training.weights_to_keep(), epoch);
  const TrainingState state = training.state();
  write_run_report({.config = config_,
                    .model = model,
                    .data = data_,
                    .train = train,
                    .validation = validation,
                    .history = state.history,
                    .settings = settings_,
                    .kept_epoch = epoch,
                    .stopped_early = state.stopped_early,
                    .threads = threads,
                    .seconds_waited = training.seconds_waited()},
                   directory_);
}

void make_run_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw Error(ExitCode::io, directory.string() + ": cannot be made: " + error.message());
}

void remove_unfinished_files(const fs::path& directory) {
  for (const char* file : {kModelFile, kStateFile}) remove_unfinished(directory / file);
  for (const std::string_view file : kOtherFiles) remove_unfinished(directory / file);
}

}  // namespace earshot
