// TrainCommand: `trainer train`, from a data set to a directory with a model in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace earshot {

class Command;
class CommandLine;
class StopSignal;
struct DataSet;
struct TrainConfig;

struct TrainOptions {
  std::filesystem::path data;
  std::string preset;  ///< or empty if `config` is given
  std::optional<std::filesystem::path> config;
  std::filesystem::path out;
  std::optional<int> fold;  ///< held out: its clips are not even read
  std::optional<int> epochs;
  std::optional<int> batch;
  std::optional<double> learning_rate;
  std::optional<std::uint32_t> seed;
  std::optional<std::filesystem::path> initial_weights;
  std::optional<std::string> freeze;
  std::string precision = "f32";
  std::optional<int> memory_mib;  ///< that features, and sounds where they are wanted, may take each
  int threads = 1;
  bool resume = false;
  bool strict = false;  ///< a clip that cannot be read is an error
};

/// Leaves in `out`: model.safetensors (the epoch early stopping goes back to, else the last),
/// best.safetensors (the checkpoint's best epoch; without a checkpoint the same as model.safetensors),
/// history.csv, report.html, report.json, tensorboard/, and resume.safetensors, which --resume goes on from.
/// Prints how it goes to standard error and the model's path to standard output. Returns the exit code: 0, or
/// 128 + the signal that stopped it, once everything is saved. Throws Error.
int run_train(const TrainOptions& options);
void add_train(CommandLine& line);

// For those who train as `trainer train` does and go on from there.

/// The configuration with what the options say instead. Throws Error.
TrainConfig configure(const TrainOptions& options);
/// run_train() without its line on standard output. `to_go_on` is what a stopped run tells the user to type.
/// A run that is finished is left as it is.
int train_into(const TrainOptions& options, TrainConfig config, const DataSet& data, const StopSignal& stop,
               const std::string& to_go_on);
/// Throws Error if `fold` cannot be held out.
void check_fold(const TrainConfig& config, const DataSet& data, int fold);
/// All but --fold and --resume. `options` must outlive the parsing.
void add_training_options(Command& command, TrainOptions& options);
/// `trainer COMMAND` with these options, quoted for a shell, without --resume.
std::string command_line(const TrainOptions& options, const std::string& command);

}  // namespace earshot
