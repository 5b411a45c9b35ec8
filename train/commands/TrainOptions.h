// TrainOptions: what a training is asked for on the command line, and the line that asks for it again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "train/learning/TrainConfig.h"

namespace earshot {

class Command;

struct TrainOptions {
  std::filesystem::path data;
  std::string preset;  ///< or empty if `config` or `base` is given, or none: the bundled model is the base
  std::optional<std::filesystem::path> base;
  std::vector<std::string> no_bank;  ///< families of the base's negatives that are left out
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

/// All but --fold and --resume. `options` must outlive the parsing.
void add_training_options(Command& command, TrainOptions& options);

/// The configuration with what the options say instead. Throws Error.
TrainConfig configure(const TrainOptions& options);

/// `trainer COMMAND` with these options, quoted for a shell, without --resume.
std::string command_line(const TrainOptions& options, const std::string& command);

}  // namespace earshot
