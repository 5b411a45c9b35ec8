#include "train/learning/TrainConfig.h"

#include <cmath>
#include <utility>
#include <variant>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Error.h"
#include "dsp/base/StrictToml.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/ModelJson.h"
#include "train/learning/NetworkToml.h"
#include "train/learning/RecipeToml.h"

namespace earshot {
namespace {

using BatchNormStatistics = TrainConfig::BatchNormStatistics;
using Monitor = TrainConfig::Monitor;
using Validation = TrainConfig::Validation;

Monitor read_monitor(StrictToml& table, const TrainConfig& config) {
  if (table.one_of("monitor", "val_loss", {"loss", "val_loss"}) == "loss") return Monitor::loss;
  if (config.validation == Validation::none) {
    table.refuse("monitor", "\"val_loss\" without a validation part",
                 "\"loss\", or another validation.split than \"none\"");
  }
  return Monitor::val_loss;
}

void read_training(StrictToml table, TrainConfig& config) {
  config.batch = static_cast<int>(table.integer("batch", config.batch, 1, 4096));
  config.epochs = static_cast<int>(table.integer("epochs", config.epochs, 1, kMaxEpochs));
  config.learning_rate = table.real("learning_rate", config.learning_rate, 1e-9, 10.0);
  read_optimization(table, config.epochs, config.optimization);
  config.seed = static_cast<std::uint32_t>(table.integer("seed", config.seed, 0, 0xFFFF'FFFF));
  config.class_weights = table.boolean("class_weights", config.class_weights);
  config.label_smoothing = table.real("label_smoothing", config.label_smoothing, 0.0, 0.999);
  config.batch_norm_momentum =
      static_cast<float>(table.real("batch_norm_momentum", config.batch_norm_momentum, 0.0, 0.9999));
  config.batch_norm_statistics =
      table.one_of("batch_norm_statistics", "running", {"running", "measured"}) == "measured"
          ? BatchNormStatistics::measured
          : BatchNormStatistics::running;
  table.reject_unknown();
}

void read_validation(StrictToml table, TrainConfig& config) {
  const std::string split =
      table.one_of("split", "random", {"none", "random", "stratified", "grouped", "fold"});
  config.validation = split == "none"         ? Validation::none
                      : split == "stratified" ? Validation::stratified
                      : split == "grouped"    ? Validation::grouped
                      : split == "fold"       ? Validation::fold
                                              : Validation::random;
  if (config.validation == Validation::fold) {
    config.validation_fold = static_cast<int>(table.integer("fold", 0, 1, 1000));
    if (!table.has("fold")) table.refuse("fold", "nothing", "the number of the fold to validate on");
  }
  table.reject_unknown();
}

void read_callbacks(StrictToml& file, TrainConfig& config) {
  config.plateau.reset();
  if (StrictToml table = file.table("plateau"); file.has("plateau")) {
    auto& plateau = config.plateau.emplace();
    plateau.monitor = read_monitor(table, config);
    ReduceLrOnPlateau::Settings& settings = plateau.settings;
    settings.factor = table.real("factor", settings.factor, 0.001, 0.999);
    settings.patience = static_cast<int>(table.integer("patience", settings.patience, 1, kMaxEpochs));
    settings.least = table.real("least_learning_rate", settings.least, 0.0, 1.0);
    table.reject_unknown();
  }
  config.early_stopping.reset();
  if (StrictToml table = file.table("early_stopping"); file.has("early_stopping")) {
    auto& stopping = config.early_stopping.emplace();
    stopping.monitor = read_monitor(table, config);
    EarlyStopping::Settings& settings = stopping.settings;
    settings.patience = static_cast<int>(table.integer("patience", settings.patience, 1, kMaxEpochs));
    settings.start_epoch =
        static_cast<int>(table.integer("start_epoch", settings.start_epoch, 0, kMaxEpochs));
    table.reject_unknown();
  }
  config.checkpoint.reset();
  if (StrictToml table = file.table("checkpoint"); file.has("checkpoint")) {
    config.checkpoint = read_monitor(table, config);
    table.reject_unknown();
  }
}

void read_augmentation(StrictToml& file, TrainConfig& config) {
  config.augmentation.reset();
  StrictToml table = file.table("augmentation");
  if (!file.has("augmentation")) return;
  ImageAugmentation::Settings& settings = config.augmentation.emplace();
  settings.rotation_deg = table.real("rotation_deg", settings.rotation_deg, 0.0, 180.0);
  // Keras' height_shift moves along the columns, which are time.
  settings.height_shift = table.real("time_shift", settings.height_shift, 0.0, 1.0);
  settings.width_shift = table.real("frequency_shift", settings.width_shift, 0.0, 1.0);
  settings.zoom_low = table.real("zoom_low", settings.zoom_low, 0.1, 10.0);
  settings.zoom_high = table.real("zoom_high", settings.zoom_high, 0.1, 10.0);
  if (settings.zoom_low > settings.zoom_high) {
    table.refuse("zoom_low", fmt::format("{}", settings.zoom_low),
                 fmt::format("at most zoom_high, {}", settings.zoom_high));
  }
  table.reject_unknown();
}

std::string name_of(Monitor monitor) {
  return monitor == Monitor::loss ? "loss" : "val_loss";
}

// A head on the base of the network of that name, which --initial-weights brings.
TrainConfig head_preset(const std::string& name) {
  TrainConfig config;
  config.name = config.architecture = name;
  config.recipe = recipe_named(name);
  config.validation = Validation::stratified;
  config.plateau.reset();
  config.early_stopping.reset();
  config.augmentation.reset();
  config.transfer.freeze = "global_average_pooling2d";
  return config;
}

// The source project's experiment, but for its twice scaled pictures. What it leaves unsaid is Keras'
// default.
TrainConfig efficientnet_b0_preset() {
  TrainConfig config = head_preset("efficientnet_b0");
  config.batch = 16;
  config.epochs = 25;
  config.learning_rate = 1e-4;
  config.plateau = {.monitor = Monitor::val_loss, .settings = {.factor = 0.1, .patience = 5, .least = 1e-7}};
  return config;
}

// Each label by itself.
TrainConfig yamnet_preset() {
  TrainConfig config = head_preset("yamnet");
  config.batch = 32;
  config.epochs = 60;
  config.class_weights = false;
  config.batch_norm_statistics = BatchNormStatistics::measured;  // of layers that are not frozen
  return config;
}

}  // namespace

TrainConfig preset(const std::string& name) {
  TrainConfig config;
  if (name == "v6") return config;
  if (name == "v5") {
    config.name = config.architecture = "v5";
    return config;
  }
  if (name == "efficientnet_b0") return efficientnet_b0_preset();
  if (name == "yamnet") return yamnet_preset();
  throw Error(ExitCode::usage,
              fmt::format("--preset: found '{}', expected one of {}", name, fmt::join(preset_names(), ", ")));
}

std::vector<std::string> preset_names() {
  return {"v6", "v5", "efficientnet_b0", "yamnet"};
}

TrainConfig load_train_config(const std::filesystem::path& path) {
  StrictToml file = StrictToml::from_file(path);
  TrainConfig config;
  config.name = path.stem().string();
  config.network = read_network(file);
  if (config.network && file.has("architecture")) {
    file.refuse("architecture", "one by name beside [network]", "one of the two");
  }
  config.architecture = config.network ? config.network->name
                                       : file.one_of("architecture", config.architecture,
                                                     {"v6", "v5", "efficientnet_b0", "yamnet"});
  const RecipeSettings features = read_recipe(file);
  config.recipe = features.recipe;
  config.fit_normalising = features.fit_normalising;
  config.notice = file.text("notice", "");
  config.transfer = read_transfer(file);
  read_training(file.table("train"), config);
  read_validation(file.table("validation"), config);
  read_callbacks(file, config);
  read_augmentation(file, config);
  config.samples = read_sample_settings(file);
  if (config.optimization.plan.schedule != LearningRatePlan::Schedule::constant && config.plateau) {
    file.refuse("plateau", "a plateau rule beside a train.schedule that lowers the rate", "one of the two");
  }
  file.reject_unknown();
  try {
    network_architecture(config, 2);
  } catch (const Error& error) {
    throw Error(ExitCode::config, path.string() + ": " + error.what());
  }
  return config;
}

bool clips_stay_as_they_are(const TrainConfig& config) {
  const SampleSettings& samples = config.samples;
  return !config.augmentation && !samples.needs_sounds() && !samples.mixup && !samples.masks;
}

Architecture network_architecture(const TrainConfig& config, int classes) {
  const FeatureShape input = config.recipe.shape();
  if (config.network) return fitted(*config.network, input, classes);
  Architecture architecture = config.architecture == "efficientnet_b0"
                                  ? efficientnet_b0_architecture(classes, input.height)
                                  : built_in_architecture(config.architecture, classes);
  for (Layer& layer : architecture.layers) {
    if (auto* norm = std::get_if<BatchNorm>(&layer.kind)) norm->momentum = config.batch_norm_momentum;
  }
  return fitted(std::move(architecture), input, classes);
}

std::map<std::string, std::string> settings_of(const TrainConfig& config) {
  std::map<std::string, std::string> settings;
  const auto add = [&](const char* key, const auto& value) { settings[key] = fmt::format("{}", value); };
  add("architecture", config.architecture);
  if (config.network) add("network", format_architecture(*config.network));
  add("recipe", config.recipe.name);
  add("window_samples", config.recipe.window_samples);
  FeatureRecipe plain;
  plain.window_samples = config.recipe.window_samples;
  if (config.recipe != plain) add("recipe.fields", format_recipe(config.recipe));
  if (config.fit_normalising) add("recipe.normalise", "training_clips");
  add("train.batch", config.batch);
  add("train.epochs", config.epochs);
  add("train.learning_rate", config.learning_rate);
  add_settings(config.optimization, settings);
  add("train.seed", config.seed);
  if (config.precision == Precision::bf16) add("train.precision", "bf16");
  add("train.class_weights", config.class_weights);
  if (config.label_smoothing > 0.0) add("train.label_smoothing", config.label_smoothing);
  add("train.batch_norm_momentum", config.batch_norm_momentum);
  const bool measured = config.batch_norm_statistics == BatchNormStatistics::measured;
  add("train.batch_norm_statistics", measured ? "measured" : "running");
  switch (config.validation) {
    case Validation::none:
      add("validation.split", "none");
      break;
    case Validation::random:
      add("validation.split", "random");
      break;
    case Validation::stratified:
      add("validation.split", "stratified");
      break;
    case Validation::grouped:
      add("validation.split", "grouped");
      break;
    case Validation::fold:
      add("validation.split", "fold");
      add("validation.fold", config.validation_fold);
      break;
  }
  if (config.plateau) {
    add("plateau.monitor", name_of(config.plateau->monitor));
    add("plateau.factor", config.plateau->settings.factor);
    add("plateau.patience", config.plateau->settings.patience);
    add("plateau.least_learning_rate", config.plateau->settings.least);
  }
  if (config.early_stopping) {
    add("early_stopping.monitor", name_of(config.early_stopping->monitor));
    add("early_stopping.patience", config.early_stopping->settings.patience);
    add("early_stopping.start_epoch", config.early_stopping->settings.start_epoch);
  }
  if (config.checkpoint) add("checkpoint.monitor", name_of(*config.checkpoint));
  if (config.augmentation) {
    add("augmentation.rotation_deg", config.augmentation->rotation_deg);
    add("augmentation.time_shift", config.augmentation->height_shift);
    add("augmentation.frequency_shift", config.augmentation->width_shift);
    add("augmentation.zoom_low", config.augmentation->zoom_low);
    add("augmentation.zoom_high", config.augmentation->zoom_high);
  }
  add_settings(config.samples, settings);
  return settings;
}

}  // namespace earshot
