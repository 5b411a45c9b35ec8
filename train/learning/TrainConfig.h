// TrainConfig: how a model is trained, from a preset or a TOML file. config/train.toml explains every key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dsp/features/FeatureRecipe.h"
#include "nn/model/Architecture.h"
#include "nn/training/Precision.h"
#include "train/learning/EarlyStopping.h"
#include "train/learning/Optimization.h"
#include "train/learning/ReduceLrOnPlateau.h"
#include "train/learning/Transfer.h"
#include "train/samples/ImageAugmentation.h"
#include "train/samples/SampleSettings.h"

namespace earshot {

/// Five times what the longest published recipes ask for; a run's history of that length fits its state's
/// header.
inline constexpr int kMaxEpochs = 10'000;

/// The defaults are the preset "v6": the source project's recipe to the letter.
struct TrainConfig {
  /// The figure that a callback looks at.
  enum class Monitor { loss, val_loss };
  /// The validation part: none; a fifth of the training clips by train_test_split(seed), by stratified_split
  /// or by grouped_split; or one of the folds.
  enum class Validation { none, random, stratified, grouped, fold };

  /// Of what validates and is kept: those that training's steps blend, or measured anew (MeasuredStatistics).
  enum class BatchNormStatistics { running, measured };

  template <typename Settings>
  struct Watched {
    Monitor monitor = Monitor::val_loss;
    Settings settings;
  };

  std::string name = "v6";              ///< of the preset, or the file's stem
  std::string architecture = "v6";      ///< of the built-in ones, unless:
  std::optional<Architecture> network;  ///< the user's own, as read_network gives it
  FeatureRecipe recipe;
  bool fit_normalising = false;  ///< the recipe's mean and deviation become those of the training clips
  TransferSettings transfer;     ///< of how it starts
  std::string notice;            ///< credits the data, inside the model file

  int batch = 64;
  int epochs = 100;
  double learning_rate = 1e-3;
  Optimization optimization;
  std::uint32_t seed = 1;
  Precision precision = Precision::f32;  ///< of the command line, never of a file
  bool class_weights = true;             ///< 'balanced', from the training part
  double label_smoothing = 0.0;
  float batch_norm_momentum = 0.99F;
  BatchNormStatistics batch_norm_statistics = BatchNormStatistics::running;

  Validation validation = Validation::random;
  int validation_fold = 0;  ///< with Validation::fold

  std::optional<Watched<ReduceLrOnPlateau::Settings>> plateau = Watched<ReduceLrOnPlateau::Settings>{};
  std::optional<Watched<EarlyStopping::Settings>> early_stopping = Watched<EarlyStopping::Settings>{};
  std::optional<Monitor> checkpoint = Monitor::val_loss;  ///< what best.safetensors is chosen by
  std::optional<ImageAugmentation::Settings> augmentation = ImageAugmentation::Settings{};
  SampleSettings samples;
};

/// Throws Error(usage) naming the presets there are.
TrainConfig preset(const std::string& name);
std::vector<std::string> preset_names();

/// An absent table of a callback or of the augmentation switches it off; other absent keys are as in the
/// preset "v6". Throws Error(no_input), Error(config) with file, line and key.
TrainConfig load_train_config(const std::filesystem::path& path);

/// Whether a clip is the same in every epoch: nothing augments or mixes it.
bool clips_stay_as_they_are(const TrainConfig& config);

/// The architecture at `classes` classes over the recipe's pictures; built-in ones with the configuration's
/// BatchNorm momentum. Throws Error(bad_data) naming the layer if the shapes do not fit.
Architecture network_architecture(const TrainConfig& config, int classes);

/// Every setting that decides about the weights, as key and value: two runs of equal settings train alike.
std::map<std::string, std::string> settings_of(const TrainConfig& config);

}  // namespace earshot
