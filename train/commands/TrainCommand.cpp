#include "train/commands/TrainCommand.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <set>
#include <string_view>
#include <vector>

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/Sha256.h"
#include "dsp/base/StopSignal.h"
#include "nn/kernels/Processor.h"
#include "nn/model/Model.h"
#include "train/commands/CommandLine.h"
#include "train/commands/Division.h"
#include "train/commands/EvaluateCommand.h"
#include "train/commands/LoadClips.h"
#include "train/data/DataSet.h"
#include "train/data/SoundFiles.h"
#include "train/learning/FrozenLayers.h"
#include "train/learning/TrainConfig.h"
#include "train/learning/Training.h"
#include "train/report/RunReport.h"
#include "train/report/TensorBoardLog.h"
#include "train/samples/Normalising.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

Precision precision_named(const std::string& name) {
  if (name == "f32") return Precision::f32;
  if (has_avx512()) return Precision::bf16;
  throw Error(ExitCode::unavailable,
              "--precision: found bf16, which needs a processor with AVX-512, expected f32: this one has "
              "none");
}

// What must be equal for a run to go on: the configuration, and which clips it trains and validates on.
std::map<std::string, std::string> run_settings(const TrainConfig& config, const DataSet& data,
                                                const FeatureSet& train, const FeatureSet& validation) {
  std::map<std::string, std::string> settings = settings_of(config);
  const auto digest = [&](const FeatureSet& part) {
    Sha256 sum;
    for (const std::size_t clip : part.clips) {
      const LabelledClip& each = data.clips[clip];
      const std::string labels = each.background() ? "-1" : fmt::format("{}", fmt::join(each.labels(), ";"));
      sum.update(fmt::format("{}\n{}\n", each.path.filename().string(), labels));
    }
    return fmt::format("{} clips, {:.12}", part.size(), sum.hex());
  };
  settings["data.labels"] = fmt::format("{}", fmt::join(data.labels, ", "));
  settings["data.train"] = digest(train);
  settings["data.validation"] = digest(validation);
  return settings;
}

void refuse_other_settings(const std::map<std::string, std::string>& now, const TrainingState& state,
                           const TrainConfig& config, const fs::path& path) {
  std::set<std::string> keys;
  for (const auto& [key, value] : now) keys.insert(key);
  for (const auto& [key, value] : state.settings) keys.insert(key);
  // Without a schedule that depends on their number, a run may go on for more epochs.
  if (config.optimization.plan.schedule == LearningRatePlan::Schedule::constant) keys.erase("train.epochs");
  const auto value_of = [](const auto& settings, const std::string& key) {
    const auto found = settings.find(key);
    return found == settings.end() ? "nothing" : '\'' + found->second + '\'';
  };
  for (const std::string& key : keys) {
    if (value_of(now, key) == value_of(state.settings, key)) continue;
    throw Error(ExitCode::config,
                fmt::format("{}: cannot go on: {}: found {}, expected {} as the run began", path.string(),
                            key, value_of(now, key), value_of(state.settings, key)));
  }
}

std::string shell_word(const std::string& word) {
  if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,") ==
      word.npos) {
    return word;
  }
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + '\'';
}

std::string data_text(const DataSet& data, const FeatureSet& train, const FeatureSet& validation) {
  std::set<int> folds;
  for (const std::size_t clip : train.clips) {
    if (data.clips[clip].fold > 0) folds.insert(data.clips[clip].fold);
  }
  std::string text =
      fmt::format("{}: {} clips", fs::weakly_canonical(data.directory).filename().string(), train.size());
  if (!folds.empty()) text += fmt::format(" of folds {}", fmt::join(folds, ", "));
  if (validation.size() > 0) text += fmt::format(", {} for validation", validation.size());
  return text;
}

std::string epoch_text(const TrainConfig& config, int epoch) {
  return fmt::format("{} of {}", epoch, config.epochs);
}

// Whether the directory's model is the one that the finished run is for: not of fewer epochs before, not cut
// off.
bool is_complete(const fs::path& directory, const TrainConfig& config, const Training& training) {
  if (!training.finished()) return false;
  try {
    const Model model = load_model(directory / "model.safetensors");
    const auto epoch = model.provenance.find("epoch");
    return epoch != model.provenance.end() && epoch->second == epoch_text(config, training.epoch_to_keep()) &&
           fs::exists(directory / "report.json");
  } catch (const Error&) {
    return false;  // and is written anew
  }
}

// Writes what a run leaves in its directory.
class RunDirectory {
 public:
  RunDirectory(fs::path directory, const TrainConfig& config, const DataSet& data, Model frame,
               std::map<std::string, std::string> settings)
      : directory_(std::move(directory)),
        config_(config),
        data_(data),
        frame_(std::move(frame)),
        settings_(std::move(settings)) {}

  Model save_model(const char* file, Weights weights, int epoch) {
    Model model = frame_;
    model.weights.merge(weights);
    model.provenance["epoch"] = epoch_text(config_, epoch);
    earshot::save_model(model, directory_ / file);
    return model;
  }

  /// History first: a run that dies between the two writes both again. Unless it must be, nothing is written
  /// as long as more than a tenth of the time would go into writing.
  void save_progress(const Training& training, bool must_be) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    if (!must_be && start - saved_ < 9 * saving_) return;
    TrainingState state = training.state();
    state.settings = settings_;
    write_file_atomically(directory_ / "history.csv", std::string_view(history_csv(state.history)));
    save_training_state(state, directory_ / kResumeFile);
    saved_ = Clock::now();
    saving_ = saved_ - start;
  }

  void finish(const Training& training, const FeatureSet& train, const FeatureSet& validation, int threads) {
    const int epoch = training.epoch_to_keep();
    Model model = save_model("model.safetensors", training.weights_to_keep(), epoch);
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

  /// Of a run that was killed while it saved.
  static void remove_unfinished_files(const fs::path& directory) {
    remove_unfinished(directory / "model.safetensors");
    remove_unfinished(directory / kResumeFile);
    for (const std::string_view file : kOtherFiles) remove_unfinished(directory / file);
  }

  /// Whether a run that was killed before it had saved its state left this directory, and nobody else.
  static bool is_begun(const fs::path& directory) {
    std::error_code error;
    fs::directory_iterator entries(directory, error);
    return !error && std::all_of(begin(entries), end(entries), [](const fs::directory_entry& entry) {
      return std::ranges::find(kOtherFiles, entry.path().filename().string()) != kOtherFiles.end();
    });
  }

  static constexpr const char* kResumeFile = "resume.safetensors";

 private:
  /// What a run may write before its state or after its model.
  static constexpr std::array<std::string_view, 5> kOtherFiles = {
      "best.safetensors", "history.csv", "report.json", "report.html", "tensorboard"};

  fs::path directory_;
  const TrainConfig& config_;
  const DataSet& data_;
  Model frame_;  ///< everything but the weights that are trained
  std::map<std::string, std::string> settings_;
  std::chrono::steady_clock::time_point saved_;   ///< when progress was last
  std::chrono::steady_clock::duration saving_{};  ///< how long that took
};

Model model_frame(const TrainConfig& config, const DataSet& data, const FeatureSet& train,
                  const FeatureSet& validation, const Start& start, const TrainOptions& options) {
  Model frame;
  frame.provenance = start.provenance;
  frame.recipe = config.recipe;
  frame.labels = data.labels;
  frame.architecture = network_architecture(config, static_cast<int>(data.labels.size()));
  frame.provenance["made by"] = "earshot " EARSHOT_VERSION ", trainer train";
  frame.provenance["made on"] = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
  frame.provenance["config"] = config.name;
  frame.provenance["seed"] = fmt::format("{}", config.seed);
  frame.provenance["data"] = data_text(data, train, validation);
  if (options.fold) frame.provenance["held out"] = fmt::format("fold {}", *options.fold);
  if (!config.notice.empty()) {
    std::string& notice = frame.provenance["notice"];  // beside that of the weights it starts from
    if (notice != config.notice) notice += (notice.empty() ? "" : "; ") + config.notice;
  }
  return frame;
}

// Of the classes' weights: a class without a clip has none.
void refuse_empty_classes(const DataSet& data, const FeatureSet& train) {
  const std::vector<std::size_t> counts = clips_of_labels(train, data.labels.size());
  for (std::size_t label = 0; label < counts.size(); ++label) {
    if (counts[label] > 0) continue;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: class '{}': found no clip in the training part, expected one at least (or "
                            "train.class_weights = false)",
                            data.directory.string(), data.labels[label]));
  }
}

// Labels or names that a model file cannot hold are said before the first epoch, not after the last.
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

TrainConfig configure(const TrainOptions& options) {
  TrainConfig config = options.config ? load_train_config(*options.config) : preset(options.preset);
  config.precision = precision_named(options.precision);
  config.epochs = options.epochs.value_or(config.epochs);
  config.batch = options.batch.value_or(config.batch);
  config.learning_rate = options.learning_rate.value_or(config.learning_rate);
  config.seed = options.seed.value_or(config.seed);
  config.transfer.initial_weights = options.initial_weights.value_or(config.transfer.initial_weights);
  config.transfer.freeze = options.freeze.value_or(config.transfer.freeze);
  if (const int warmup = config.optimization.plan.warmup_epochs; warmup > config.epochs) {
    throw Error(ExitCode::usage,
                fmt::format("--epochs: found {}, expected {} at least, the train.warmup_epochs of {}",
                            config.epochs, warmup, config.name));
  }
  if (options.memory_mib) config.samples.most_sound_bytes = std::size_t(*options.memory_mib) << 20;
  return config;
}

std::string command_line(const TrainOptions& options, const std::string& command) {
  std::string line = "trainer " + command + " --data " + shell_word(options.data.string());
  line +=
      options.config ? " --config " + shell_word(options.config->string()) : " --preset " + options.preset;
  line += " --out " + shell_word(options.out.string());
  const auto add = [&](const char* flag, const auto& value) {
    if (value) line += fmt::format(" {} {}", flag, *value);
  };
  add("--fold", options.fold);
  add("--epochs", options.epochs);
  add("--batch", options.batch);
  add("--lr", options.learning_rate);
  add("--seed", options.seed);
  if (options.initial_weights) line += " --initial-weights " + shell_word(options.initial_weights->string());
  if (options.freeze) line += " --freeze " + shell_word(*options.freeze);
  if (options.precision != "f32") line += " --precision " + options.precision;
  add("--memory", options.memory_mib);
  line += fmt::format(" --threads {}", options.threads);
  if (options.strict) line += " --strict";
  return line;
}

void check_fold(const TrainConfig& config, const DataSet& data, int fold) {
  divide(data, config, fold);
}

int train_into(const TrainOptions& options, TrainConfig config, const DataSet& data, const StopSignal& stop,
               const std::string& to_go_on) {
  const fs::path state_path = options.out / RunDirectory::kResumeFile;
  std::error_code error;
  const bool has_state = fs::exists(state_path, error);
  if (error) throw Error(ExitCode::io, options.out.string() + ": cannot be used: " + error.message());
  if (!options.resume && has_state) {
    throw Error(ExitCode::usage,
                fmt::format("--out: found an earlier run in {}, expected a directory without one, or "
                            "--resume to go on with it",
                            options.out.string()));
  }
  if (!options.resume && fs::exists(options.out / "model.safetensors", error)) {
    throw Error(ExitCode::usage, fmt::format("--out: found a model in {}, expected a directory without one",
                                             options.out.string()));
  }
  const Division division = divide(data, config, options.fold);
  const auto classes = static_cast<int>(data.labels.size());
  Start start = start_of(config.transfer, network_architecture(config, classes), config.recipe, data.labels,
                         config.seed);
  if (!start.summary.empty()) std::cerr << start.summary << '\n';
  RunDirectory::remove_unfinished_files(options.out);
  if (options.resume && !has_state && !RunDirectory::is_begun(options.out)) {
    throw Error(ExitCode::no_input, state_path.string() + ": found no run, expected one to go on with");
  }
  if (config.samples.audio.background)
    sound_files_below(config.samples.audio.background->folder);  // or throws
  fs::create_directories(options.out, error);
  if (error) throw Error(ExitCode::io, options.out.string() + ": cannot be made: " + error.message());

  const std::size_t most_bytes = config.samples.most_sound_bytes;
  const auto load = [&](const char* what, const std::vector<std::size_t>& which, std::size_t most) {
    if (which.empty()) return FeatureSet{};
    return load_clips(data, which, config.recipe,
                      {what, static_cast<unsigned>(options.threads), options.strict, most}, stop);
  };
  FeatureSet train = load("training clips", division.train, most_bytes);
  const std::size_t held_bytes = std::min(most_bytes, train.images.size() * sizeof(float));
  FeatureSet validation = load("validation clips", division.validation, most_bytes - held_bytes);
  if (!train.complete || !validation.complete) {
    std::cerr << "to go on:\n  " << to_go_on << '\n';
    return 128 + stop.received();
  }
  warn_of_shared_sounds(data, train, validation);

  if (config.fit_normalising) fit_normalising(config.recipe, train, validation);
  std::map<std::string, std::string> settings = run_settings(config, data, train, validation);
  if (config.class_weights) refuse_empty_classes(data, train);
  settings.insert(start.settings.begin(), start.settings.end());
  Model frame = model_frame(config, data, train, validation, start, options);
  if (options.fold) {
    const std::string warning = trained_on_warning(frame, data, options.fold, false);
    if (!warning.empty()) std::cerr << "note: " << warning << '\n';
  }
  refuse_unwritable(frame, start.weights, data);
  FeatureSet frozen_train;  // what the frozen layers make of the clips
  FeatureSet frozen_validation;
  const auto split = clips_stay_as_they_are(config) ? split_network(start) : std::nullopt;
  if (split) {
    std::cerr << "the frozen layers are computed once: nothing changes what they are given\n";
    frozen_train = base_outputs(*split, train, options.threads);
    frozen_validation = base_outputs(*split, validation, options.threads);
    start.architecture = split->rest;
    start.weights = split->rest_weights;
    start.frozen_layers = 0;
    frame.weights = split->base_weights;
  }
  Training training(config, classes, start, split ? frozen_train : train,
                    split ? frozen_validation : validation, options.threads);
  if (options.resume && !has_state) {
    std::cerr << options.out.string() << ": the run had saved nothing yet and starts from the beginning\n";
  } else if (options.resume) {
    TrainingState state = load_training_state(state_path);
    refuse_other_settings(settings, state, config, state_path);
    try {
      training.set_state(std::move(state));
    } catch (const Error& problem) {
      throw Error(problem.code(), state_path.string() + ": " + problem.what());
    }
  }
  if (training.epochs_done() > config.epochs) {
    throw Error(ExitCode::config,
                fmt::format("{}: cannot go on: train.epochs: found {}, expected {} at least, which are done",
                            state_path.string(), config.epochs, training.epochs_done()));
  }
  if (is_complete(options.out, config, training)) {
    std::cerr << options.out.string() << ": finished before, not trained again\n";
    return 0;
  }
  fs::remove(options.out / "report.json", error);  // of fewer epochs; written last, it says that all is done
  RunDirectory directory(options.out, config, data, std::move(frame), settings);
  TrainingProgress progress(std::cerr, terminal_of(STDERR_FILENO), config.epochs, train.size(),
                            static_cast<std::size_t>(config.batch));
  TensorBoardLog tensorboard(options.out / "tensorboard", training.epochs_done(), validation.size() > 0);
  while (!training.finished()) {
    const Training::Outcome outcome = training.run_epoch([&] { return stop.received() != 0; }, progress);
    if (outcome != Training::Outcome::interrupted)
      tensorboard.epoch_done(training.last_epoch(), training.weights());
    if (outcome == Training::Outcome::done_best) {
      directory.save_model("best.safetensors", training.weights(), training.epochs_done());
    }
    const bool interrupted = outcome == Training::Outcome::interrupted;
    directory.save_progress(training, interrupted || training.finished());
    if (interrupted) {
      progress.leave_line();
      std::cerr << "interrupted and saved; to go on:\n  " << to_go_on << '\n';
      return 128 + stop.received();
    }
  }
  directory.finish(training, train, validation, options.threads);
  return 0;
}

int run_train(const TrainOptions& options) {
  const TrainConfig config = configure(options);
  const DataSet data = open_data_set(options.data, options.strict);
  const StopSignal stop;
  const int code = train_into(options, config, data, stop, command_line(options, "train") + " --resume");
  if (code == 0) std::cout << (options.out / "model.safetensors").string() << '\n';
  return code;
}

void add_train(CommandLine& line) {
  const auto options = std::make_shared<TrainOptions>();
  Command command =
      line.add("train", "Train a model on a data set", [options] { return run_train(*options); });
  add_training_options(command, *options);
  command.option("--fold", &options->fold, "Hold this fold out: its clips are not even read");
  command.option("--resume", &options->resume, "Go on with the run in --out");
  command.footer(
      "Ctrl-C finishes the step, saves, says how to go on and exits with 128 + the signal's number.");
}

void add_training_options(Command& command, TrainOptions& options) {
  command.option("--data", &options.data, "Directory of the data set").required();
  command.exactly_one_of(
      "configuration",
      {command.option("--preset", &options.preset, "A recipe by name: v6, v5, efficientnet_b0, yamnet"),
       command.option("--config", &options.config, "A recipe of your own, TOML")});
  command.option("--out", &options.out, "Directory for the model and what tells about the run").required();
  command.option("--epochs", &options.epochs, "Instead of the recipe's").range(1, kMaxEpochs);
  command.option("--batch", &options.batch, "Instead of the recipe's").range(1, 4096);
  command.option("--lr", &options.learning_rate, "Instead of the recipe's learning rate").range(1e-9, 10.0);
  command.option("--seed", &options.seed, "Instead of the recipe's");
  command
      .option("--memory", &options.memory_mib,
              "MiB that features may take, and sounds; a quarter of the memory each unless said otherwise")
      .range(0, 1 << 24);
  command.threads(options.threads);
  command.option("--initial-weights", &options.initial_weights, "Start from this model's weights");
  command.option("--freeze", &options.freeze,
                 "Leave so many first layers as they are there, or all up to the one of this name");
  command
      .option("--precision", &options.precision,
              "f32, or bf16 with AVX-512: convolutions read rounded values")
      .one_of({"f32", "bf16"});
  command.option("--strict", &options.strict, "A clip that cannot be read is an error");
}

}  // namespace earshot
