// trainer: makes, measures and explains models, offline.
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

#include "dsp/Error.h"
#include "train/EvaluateCommand.h"
#include "train/FeaturesCommand.h"
#include "train/InfoCommand.h"
#include "train/TrainCommand.h"
#include "train/TrainConfig.h"

namespace {

using namespace earshot;

int cores() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void add_threads(CLI::App& command, int& threads) {
  threads = cores();
  command.add_option("--threads", threads, "Threads to work on")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
}

void add_train(CLI::App& app, TrainOptions& options, std::string& precision) {
  CLI::App& command = *app.add_subcommand("train", "Train a model on a data set");
  command.add_option("--data", options.data, "Directory of the data set")->required();
  auto* source = command.add_option_group("configuration")->require_option(1);
  source->add_option("--preset", options.preset, "A recipe by name: v6");
  source->add_option("--config", options.config, "A recipe of your own, TOML");
  command.add_option("--out", options.out, "Directory for the model and what tells about the run")
      ->required();
  command.add_option("--fold", options.fold, "Hold this fold out: its clips are not even read");
  command.add_option("--epochs", options.epochs, "Instead of the recipe's")->check(CLI::Range(1, kMaxEpochs));
  command.add_option("--batch", options.batch, "Instead of the recipe's")->check(CLI::Range(1, 4096));
  command.add_option("--lr", options.learning_rate, "Instead of the recipe's learning rate")
      ->check(CLI::Range(1e-9, 10.0));
  command.add_option("--seed", options.seed, "Instead of the recipe's");
  add_threads(command, options.threads);
  command.add_option("--precision", precision, "f32")->check([](const std::string& value) {
    return value == "f32" ? std::string()
                          : "found " + value + ", expected f32: this version trains in nothing else";
  });
  command.add_flag("--resume", options.resume, "Go on with the run in --out");
  command.add_flag("--strict", options.strict, "A clip that cannot be read is an error");
  command.footer(
      "Ctrl-C finishes the step, saves, says how to go on and exits with 128 + the signal's number.");
}

void add_evaluate(CLI::App& app, EvaluateOptions& options) {
  CLI::App& command = *app.add_subcommand("evaluate", "Measure a model on a data set");
  command.add_option("model", options.model, "The model file")->required();
  command.add_option("--data", options.data, "Directory of the data set")->required();
  auto* fold = command.add_option("--fold", options.fold, "Only this fold");
  command
      .add_option_function<std::string>(
          "--split", [&](const std::string&) { options.test_split = true; },
          "Only the clips of the test list: test")
      ->check(CLI::IsMember({"test"}))
      ->excludes(fold);
  command.add_option("--scores", options.scores, "Write every clip's scores there, CSV");
  command.add_flag("--json", options.json, "One JSON document instead of text");
  command.add_flag("--strict", options.strict, "A clip that cannot be read is an error");
  add_threads(command, options.threads);
}

void add_features(CLI::App& app, FeaturesOptions& options) {
  CLI::App& command = *app.add_subcommand("features", "Compute a file's features");
  command.add_option("file", options.file, "The audio file")->required();
  auto* source = command.add_option_group("recipe")->require_option(1);
  source->add_option("--preset", options.preset, "The recipe's name: v6");
  source->add_option("--model", options.model, "The recipe of this model");
  command.add_option("--out", options.out, "Write them there: .npy, float32, height x width x channels")
      ->required();
  command.add_option("--png", options.png, "And as a picture there");
}

void add_info(CLI::App& app, std::filesystem::path& model, bool& json) {
  CLI::App& command = *app.add_subcommand("info", "Tell what a model file holds");
  command.add_option("model", model, "The model file")->required();
  command.add_flag("--json", json, "One JSON document instead of text");
}

int run(int argc, char** argv) {
  CLI::App app("Makes, measures and explains Earshot's models.", "trainer");
  app.set_version_flag("--version", "trainer " EARSHOT_VERSION);
  TrainOptions train;
  std::string precision;
  EvaluateOptions evaluate;
  FeaturesOptions features;
  std::filesystem::path model;
  bool json = false;
  add_train(app, train, precision);
  add_evaluate(app, evaluate);
  add_features(app, features);
  add_info(app, model, json);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    throw Error(ExitCode::usage, std::string(error.what()) + " (see trainer --help)");
  }
  if (app.got_subcommand("train")) return run_train(train);
  if (app.got_subcommand("evaluate")) return run_evaluate(evaluate);
  if (app.got_subcommand("features")) {
    run_features(features);
  } else if (app.got_subcommand("info")) {
    run_info(model, json);
  } else {
    throw Error(ExitCode::usage, "A subcommand is required (see trainer --help)");
  }
  return 0;
}

int run_and_flush(int argc, char** argv) {
  const int code = run(argc, argv);
  if (!std::cout.flush()) throw Error(ExitCode::io, "standard output: cannot write");
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_and_flush(argc, argv);
  } catch (const earshot::Error& error) {
    std::cerr << "trainer: " << error.what() << '\n';
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::cerr << "trainer: " << error.what() << " (this is a bug)\n";
    return static_cast<int>(earshot::ExitCode::software);
  }
}
