#include "train/commands/TrainOptions.h"

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"
#include "nn/kernels/Processor.h"
#include "train/commands/CommandLine.h"

namespace earshot {
namespace {

Precision precision_named(const std::string& name) {
  if (name == "f32") return Precision::f32;
  if (has_avx512()) return Precision::bf16;
  throw Error(ExitCode::unavailable,
              "--precision: found bf16, which needs a processor with AVX-512, expected f32: this one has "
              "none");
}

std::string shell_word(const std::string& word) {
  if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,") ==
      word.npos) {
    return word;
  }
  // Bash's $'...' knows what printable() writes.
  const bool raw = printable(word) == word;
  std::string quoted = raw ? "'" : "$'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += raw ? "'\\''" : "\\'";
    } else {
      quoted += c == '\\' && !raw ? std::string("\\\\") : std::string(1, c);
    }
  }
  return printable(quoted) + '\'';
}

}  // namespace

void add_training_options(Command& command, TrainOptions& options) {
  command.option("--data", &options.data, "Directory of the data set").required();
  const CommandOption preset =
      command.option("--preset", &options.preset, "A network from scratch, by a recipe: v6, v5, efficientnet_b0, yamnet");
  command.option("--config", &options.config, "A recipe of your own, or which of your classes are which labels; TOML")
      .excludes(preset);
  command.option("--base", &options.base, "Teach this model your sounds, without --preset or a recipe: the bundled one")
      .excludes(preset);
  command.option("--no-bank", &options.no_bank, "Leave these families of the base's negatives out: voices,music,...");
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

TrainConfig configure(const TrainOptions& options) {
  if (!options.no_bank.empty()) {
    throw Error(ExitCode::usage, "--no-bank: found beside a recipe, which knows no negatives, expected a base to teach");
  }
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
  if (options.config) line += " --config " + shell_word(options.config->string());
  if (options.base) line += " --base " + shell_word(options.base->string());
  if (!options.preset.empty()) line += " --preset " + options.preset;
  for (const std::string& family : options.no_bank) line += " --no-bank " + shell_word(family);
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

}  // namespace earshot
