#include "train/commands/TrainRun.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <system_error>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "dsp/base/Terminal.h"
#include "train/commands/Division.h"
#include "train/commands/LoadClips.h"
#include "train/commands/RunDirectory.h"
#include "train/commands/Tell.h"
#include "train/data/SoundFiles.h"
#include "train/learning/FrozenLayers.h"
#include "train/learning/ModelFrame.h"
#include "train/learning/RunSettings.h"
#include "train/learning/Training.h"
#include "train/measuring/TrainedOn.h"
#include "train/report/TensorBoardLog.h"
#include "train/samples/Normalising.h"

namespace earshot {
namespace {

void refuse_occupied(const RunFiles& found, const TrainOptions& options) {
  if (options.resume) return;
  if (found.has_state) {
    throw Error(ExitCode::usage,
                fmt::format("--out: found an earlier run in {}, expected a directory without one, or "
                            "--resume to go on with it",
                            options.out.string()));
  }
  if (found.has_model) {
    throw Error(ExitCode::usage, fmt::format("--out: found a model in {}, expected a directory without one",
                                             options.out.string()));
  }
}

/// Now, not in the first epoch.
void look_at_background(const SampleSettings& samples) {
  if (!samples.audio.background) return;
  const SoundFolder sounds = sound_files_below(samples.audio.background->folder);
  for (const std::string& skipped : sounds.skipped) tell(skipped);
}

/// What a run trains and validates on.
struct Parts {
  FeatureSet train;
  FeatureSet validation;

  bool complete() const { return train.complete && validation.complete; }
};

Parts load_parts(const DataSet& data, const Division& division, const TrainConfig& config,
                 const TrainOptions& options, const StopSignal& stop) {
  const std::size_t most_bytes = config.samples.most_sound_bytes;
  const auto load = [&](const char* what, const std::vector<std::size_t>& which, std::size_t most) {
    if (which.empty()) return FeatureSet{};
    return load_clips(data, which, config.recipe,
                      {what, static_cast<unsigned>(options.threads), options.strict, most}, stop);
  };
  Parts parts;
  parts.train = load("training clips", division.train, most_bytes);
  const auto refuse_quiet = [&](const FeatureSet& part, const char* what) {
    if (!part.complete || part.size() > 0 || part.quiet.empty()) return;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: found no window of -60 dBFS or more in {} {}, expected one at least",
                            data.directory.string(), part.quiet.size(), what));
  };
  refuse_quiet(parts.train, "training clips");
  const std::size_t held_bytes = std::min(most_bytes, parts.train.images.size() * sizeof(float));
  parts.validation = load("validation clips", division.validation, most_bytes - held_bytes);
  refuse_quiet(parts.validation, "validation clips");
  if (parts.complete()) warn_of_shared_sounds(data, parts.train, parts.validation);
  return parts;
}

/// Of the classes' weights: a class without a clip has none.
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

/// Where frozen layers are given the same pictures in every epoch, what they make of them is computed once
/// and takes the pictures' place: `start` is then of the layers behind, `frame` has the frozen ones' weights.
Parts compute_frozen(const SplitNetwork& split, const Parts& parts, int threads, Start& start, Model& frame) {
  tell("the frozen layers are computed once: nothing changes what they are given");
  Parts outputs{base_outputs(split, parts.train, threads), base_outputs(split, parts.validation, threads)};
  start.architecture = split.rest;
  start.weights = split.rest_weights;
  start.frozen_layers = 0;
  frame.weights = split.base_weights;
  return outputs;
}

void go_on_from(const RunFiles& found, const std::map<std::string, std::string>& settings,
                const TrainConfig& config, Training& training) {
  TrainingState state = load_training_state(found.state);
  refuse_other_settings(settings, state, config, found.state);
  try {
    training.set_state(std::move(state));
  } catch (const Error& problem) {
    throw Error(problem.code(), found.state.string() + ": " + problem.what());
  }
  if (training.epochs_done() > config.epochs) {
    throw Error(ExitCode::config,
                fmt::format("{}: cannot go on: train.epochs: found {}, expected {} at least, which are done",
                            found.state.string(), config.epochs, training.epochs_done()));
  }
}

/// To the end of the last epoch, or until `stop` received a signal: false then, and everything is saved.
bool run_epochs(Training& training, RunDirectory& directory, TensorBoardLog& tensorboard,
                TrainingProgress& progress, const StopSignal& stop) {
  while (!training.finished()) {
    const Training::Outcome outcome = training.run_epoch([&] { return stop.received() != 0; }, progress);
    const bool interrupted = outcome == Training::Outcome::interrupted;
    if (!interrupted) tensorboard.epoch_done(training.last_epoch(), training.weights());
    if (outcome == Training::Outcome::done_best) {
      directory.save_model("best.safetensors", training.weights(), training.epochs_done());
    }
    directory.save_progress(training, interrupted || training.finished());
    if (!interrupted) continue;
    progress.leave_line();
    return false;
  }
  return true;
}

}  // namespace

void check_fold(const TrainConfig& config, const DataSet& data, int fold) {
  divide(data, config, fold);
}

int train_into(const TrainOptions& options, const TrainConfig& wanted, const DataSet& data,
               const StopSignal& stop, const std::string& to_go_on) {
  if (options.resume) remove_unfinished_files(options.out);
  const RunFiles found(options.out);
  refuse_occupied(found, options);
  TrainConfig config = wanted;
  const Division division = divide(data, config, options.fold);
  const auto classes = static_cast<int>(data.labels.size());
  Start start = start_of(config.transfer, network_architecture(config, classes), config.recipe, data.labels,
                         config.seed);
  if (!start.summary.empty()) tell(start.summary);
  if (!options.resume) remove_unfinished_files(options.out);
  if (options.resume && !found.has_state && !found.begun) {
    throw Error(ExitCode::no_input, found.state.string() + ": found no run, expected one to go on with");
  }
  look_at_background(config.samples);
  make_run_directory(options.out);

  Parts parts = load_parts(data, division, config, options, stop);
  if (!parts.complete()) {
    tell("to go on:");
    tell("  " + to_go_on);
    return 128 + stop.received();
  }
  limit_kept_features();
  if (config.fit_normalising) fit_normalising(config.recipe, parts.train, parts.validation);
  std::map<std::string, std::string> settings = run_settings(config, data, parts.train, parts.validation);
  if (config.class_weights) refuse_empty_classes(data, parts.train);
  settings.insert(start.settings.begin(), start.settings.end());
  Model frame = model_frame(config, data, parts.train, parts.validation, start, options.fold);
  if (options.fold) {
    const std::string warning = trained_on_warning(frame, data, {options.fold});
    if (!warning.empty()) tell("note: " + warning);
  }
  const auto split = clips_stay_as_they_are(config) ? split_network(start) : std::nullopt;
  Parts frozen;
  if (split) frozen = compute_frozen(*split, parts, options.threads, start, frame);
  const Parts& trained = split ? frozen : parts;
  Training training(config, classes, start, trained.train, trained.validation, options.threads);
  if (options.resume && found.has_state) {
    go_on_from(found, settings, config, training);
  } else if (options.resume) {
    tell(options.out.string() + ": the run had saved nothing yet and starts from the beginning");
  }
  RunDirectory directory(options.out, config, data, std::move(frame), std::move(settings));
  if (directory.is_complete(training)) {
    tell(options.out.string() + ": finished before, not trained again");
    return 0;
  }
  directory.reopen();
  TrainingProgress progress(std::cerr, terminal_of(STDERR_FILENO), config.epochs, parts.train.size(),
                            static_cast<std::size_t>(config.batch));
  TensorBoardLog tensorboard(options.out / "tensorboard", training.epochs_done(),
                             parts.validation.size() > 0);
  if (!run_epochs(training, directory, tensorboard, progress, stop)) {
    tell("interrupted and saved; to go on:");
    tell("  " + to_go_on);
    return 128 + stop.received();
  }
  training.finish();
  directory.finish(training, parts.train, parts.validation, options.threads);
  return 0;
}

}  // namespace earshot
