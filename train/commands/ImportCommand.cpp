#include "train/commands/ImportCommand.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"
#include "dsp/features/FeatureRecipe.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Model.h"
#include "nn/model/SixteenBits.h"
#include "train/commands/CommandLine.h"
#include "train/data/LabelList.h"
#include "train/learning/MeaningsToml.h"
#include "train/learning/TrainConfig.h"

namespace earshot {
namespace {

FeatureRecipe recipe_of(const ImportOptions& options) {
  const std::vector<std::string> names = recipe_names();
  const std::string of_network = options.architecture.value_or("v6");
  const std::string usual = std::ranges::find(names, of_network) == names.end() ? "v6" : of_network;
  const std::string name = options.recipe.value_or(usual);
  FeatureRecipe recipe;
  if (name.ends_with(".toml")) {
    const TrainConfig config = load_train_config(name);
    if (config.fit_normalising) {
      throw Error(ExitCode::config,
                  name +
                      ": key 'recipe.normalise': found \"training_clips\", expected \"given\": "
                      "there are no clips here");
    }
    recipe = config.recipe;
  } else {
    recipe = recipe_named(name);
  }
  if (!options.window_s) return recipe;
  recipe.window_samples = static_cast<std::uint64_t>(std::llround(*options.window_s * recipe.rate_hz));
  validate(recipe);
  return recipe;
}

int outputs_of(const KerasNetwork& network, const std::string& file) {
  try {
    return class_count(network.architecture);
  } catch (const Error& error) {
    throw Error(error.code(), file + ": " + error.what());
  }
}

void expect_fit(const ImportOptions& options, const KerasNetwork& network, const FeatureRecipe& recipe,
                std::size_t labels) {
  const std::string file = options.file.string();
  if (!network.missing.empty()) {
    throw Error(
        ExitCode::bad_data,
        fmt::format(
            "{}: has no weights for {} of the network {}, expected all of them (to train the rest, give "
            "the file to trainer train --initial-weights)",
            file, fmt::join(network.missing, ", "), network.architecture.name));
  }
  if (network.architecture.input != recipe.shape()) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: its input is {}, expected the {} of recipe {}", file,
                            shape_text(network.architecture.input), shape_text(recipe.shape()), recipe.name));
  }
  const int classes = outputs_of(network, file);
  if (labels != static_cast<std::size_t>(classes)) {
    throw Error(ExitCode::bad_data, fmt::format("{}: has {} outputs, expected one a label: found {} labels",
                                                file, classes, labels));
  }
}

std::string read_text(const KerasNetwork& network, const std::filesystem::path& file) {
  std::string text;
  const auto line = [&](const char* name, const std::string& value) {
    text += fmt::format("{:<13}{}\n", name, printable(value));
  };
  const std::string version = network.keras_version.empty() ? "" : " " + network.keras_version;
  line("read", file.string() + ": " + network.format + version);
  line("sha256", network.sha256);
  const char* scores = network.architecture.scores == Scores::sigmoid ? "a sigmoid a label" : "softmax";
  line("network", fmt::format("{}: {} layers, {} parameters, input {}, {}", network.architecture.name,
                              network.architecture.layers.size(), parameter_count(network.architecture),
                              shape_text(network.architecture.input), scores));
  for (const std::string& note : network.notes) line("note", note);
  if (!network.unused.empty()) line("not used", fmt::format("{}", fmt::join(network.unused, ", ")));
  return text;
}

}  // namespace

void run_import(const ImportOptions& options) {
  std::error_code absent;
  if (std::filesystem::equivalent(options.file, options.out, absent)) {
    throw Error(ExitCode::usage, "--out: found the file that is imported, expected another");
  }
  Model model;
  model.recipe = recipe_of(options);
  model.labels = read_labels(options.labels);
  if (options.meanings) model.meanings = load_meanings(*options.meanings, model.labels);
  std::optional<Architecture> known;
  if (options.architecture) {
    known = built_in_architecture(*options.architecture, static_cast<int>(model.labels.size()));
  }
  KerasNetwork network = read_keras(options.file, known ? &*known : nullptr, model.recipe.shape());
  expect_fit(options, network, model.recipe, model.labels.size());
  const std::string text = read_text(network, options.file);

  model.architecture = std::move(network.architecture);
  model.weights = std::move(network.weights);
  if (options.bits == "16") {
    for (auto& [name, tensor] : model.weights) round_to_sixteen_bits(tensor);
  }
  model.provenance["made by"] = "earshot " EARSHOT_VERSION ", trainer import";
  model.provenance["made on"] = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
  model.provenance["imported from"] =
      fmt::format("{}, sha256 {}", printable(options.file.filename().string()), network.sha256);
  model.provenance["format"] = network.keras_version.empty()
                                   ? network.format
                                   : fmt::format("{}, version {}", network.format, network.keras_version);
  if (options.notice) model.provenance["notice"] = *options.notice;
  try {
    check_writable(model);
  } catch (const Error& error) {
    throw Error(ExitCode::bad_data, options.file.string() + ": " + error.what());
  }
  save_model(model, options.out);
  std::cout << text << "wrote        " << printable(options.out.string()) << '\n';
}

void add_import(CommandLine& line) {
  const auto options = std::make_shared<ImportOptions>();
  Command command = line.add("import", "Make a model of a network that Keras saved", [options] {
    run_import(*options);
    return 0;
  });
  command.option("file", &options->file, ".keras, or .h5 of Keras 2 or 3, a whole model or weights alone")
      .required();
  command
      .option("--labels", &options->labels,
              "In the order of the outputs: a,b,...; or @FILE, one a line; or a class map, .csv (index, "
              "display_name)")
      .required();
  command.option("--meanings", &options->meanings,
                 "What the labels mean: thresholds, ambience, kinds of kinds, in TOML as config/audioset-labels.toml");
  command.option("--bits", &options->bits, "Of a kernel's value: 16 halves the file, scores move in the fourth digit")
      .one_of({"16", "32"})
      .shows_default();
  command.option("--notice", &options->notice, "Whom the model is to credit, and the licence");
  command.option("--out", &options->out, "The model file to write").required();
  command.option("--recipe", &options->recipe, "How sound becomes the network's input: a preset's name")
      .shows_default();
  command
      .option("--window-s", &options->window_s, "Length of a live window in seconds, instead of the recipe's")
      .range(0.01, 600.0);
  command.option(
      "--architecture", &options->architecture,
      "The network that weights alone are for: " + fmt::format("{}", fmt::join(built_in_names(), ", ")));
}

}  // namespace earshot
