#include "train/commands/FeaturesCommand.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <system_error>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"
#include "dsp/features/FeatureExtractor.h"
#include "nn/model/Model.h"
#include "train/commands/CommandLine.h"
#include "train/commands/Npy.h"
#include "train/commands/Tell.h"
#include "train/data/DataSet.h"
#include "train/learning/TrainConfig.h"
#include "train/report/FeaturePicture.h"
#include "train/report/Png.h"
#include "train/samples/FeatureSet.h"
#include "train/samples/SampleMaker.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

void expect_one_source(const FeaturesOptions& options) {
  const int given = (options.preset.empty() ? 0 : 1) + (options.model ? 1 : 0) + (options.config ? 1 : 0);
  if (given != 1) {
    throw Error(ExitCode::usage,
                fmt::format("found {} of --preset, --model and --config, expected one of them", given));
  }
}

FeatureRecipe recipe_of(const FeaturesOptions& options) {
  if (options.model) return load_model(*options.model).recipe;
  if (options.config) return load_train_config(*options.config).recipe;
  const std::vector<std::string> names = recipe_names();
  const bool named = std::ranges::find(names, options.preset) != names.end();
  return named ? recipe_named(options.preset) : preset(options.preset).recipe;
}

void write(const FeaturesOptions& options, const FeatureRecipe& recipe, std::span<const float> features,
           const std::string& suffix) {
  const auto numbered = [&](fs::path path) {
    return path.replace_filename(path.stem().string() + suffix + path.extension().string());
  };
  const FeatureShape shape = recipe.shape();
  write_npy(numbered(options.out), features, {shape.height, shape.width, shape.channels});
  if (!options.png) return;
  const FeaturePicture picture = feature_picture(features, recipe);
  write_png(numbered(*options.png), picture.levels, picture.height, picture.width);
}

/// The file among the clips that may be mixed into it.
struct Mixture {
  FeatureSet clips;
  std::vector<std::string> labels;
  std::size_t clip = 0;  ///< the file
};

Mixture mixture_of(const FeaturesOptions& options, const FeatureRecipe& recipe) {
  if (!options.data) return {unread_features({options.file}, {0}, recipe), {"the clip"}, 0};
  const DataSet data = read_data_set(*options.data);
  std::vector<fs::path> files;
  std::vector<int> labels;
  std::vector<std::vector<int>> also;
  std::optional<std::size_t> found;
  for (const LabelledClip& clip : data.clips) {
    if (clip.part != Part::train) continue;
    std::error_code error;
    if (fs::equivalent(clip.path, options.file, error)) found = files.size();
    files.push_back(clip.path);
    labels.push_back(clip.label);
    also.push_back(clip.also);
  }
  std::vector<std::string> names = data.labels;
  if (!found) {
    files.push_back(options.file);
    labels.push_back(static_cast<int>(names.size()));
    also.emplace_back();
    names.push_back(options.file.filename().string());
  }
  const std::size_t clip = found.value_or(files.size() - 1);
  Mixture mixture{unread_features(std::move(files), std::move(labels), recipe), std::move(names), clip};
  mixture.clips.also = std::move(also);
  return mixture;
}

std::string shares_of(std::span<const float> target, const std::vector<std::string>& labels) {
  std::string text;
  for (std::size_t label = 0; label < target.size(); ++label) {
    if (target[label] <= 0.0F) continue;
    text += fmt::format("{}{} {:.3g}", text.empty() ? "" : ", ", labels[label], target[label]);
  }
  return text;
}

void run_augmented(const FeaturesOptions& options) {
  if (options.model) {
    throw Error(ExitCode::usage,
                "--augment: found --model, which says nothing about augmentation, expected "
                "--preset or --config");
  }
  const TrainConfig config = options.config ? load_train_config(*options.config) : preset(options.preset);
  if (clips_stay_as_they_are(config)) {
    throw Error(
        ExitCode::usage,
        fmt::format("--augment: {} changes nothing, expected a recipe with [augmentation], [audio.*], "
                    "[mixing.*] or [masks]",
                    config.name));
  }
  if (config.fit_normalising) {
    tell(config.name + ": mean and deviation are those of a training's clips, 0 and 1 here");
  }
  if ((config.samples.between_class || config.samples.mixup) && !options.data) {
    throw Error(ExitCode::usage, fmt::format("--augment: {} mixes clips: found no --data, expected the data "
                                             "set that others come from",
                                             config.name));
  }
  const Mixture mixture = mixture_of(options, config.recipe);
  const SampleSource source(config.samples, config.augmentation, config.recipe, mixture.clips,
                            static_cast<int>(mixture.labels.size()), network_architecture(config, 2).scores);
  SampleMaker maker(source);
  std::vector<float> image(config.recipe.shape().size());
  std::vector<float> target(mixture.labels.size());
  for (int epoch = 0; epoch < options.count; ++epoch) {
    const std::uint64_t key = sample_key(config.seed, static_cast<std::size_t>(epoch), mixture.clip);
    maker.make(mixture.clip, key, image, target);
    const std::string suffix = fmt::format("-{}", epoch + 1);
    write(options, config.recipe, image, suffix);
    std::cout << printable(options.out.stem().string() + suffix + ": " + shares_of(target, mixture.labels))
              << '\n';
  }
}

}  // namespace

void run_features(const FeaturesOptions& options) {
  expect_one_source(options);
  if (options.augment) return run_augmented(options);
  const FeatureRecipe recipe = recipe_of(options);
  const FeatureShape shape = recipe.shape();
  FeatureExtractor extractor(recipe);
  std::vector<float> features(shape.size());
  const Clip clip = load_clip(options.file, recipe.rate_hz);
  if (clip.samples.empty()) {
    throw Error(ExitCode::bad_data, options.file.string() + ": found no samples, expected one at least");
  }
  for (const SoundDamage& damage : clip.damages) tell(damage.line);
  if (clip.bad_samples > 0) {
    tell(fmt::format("{}: {} NaN, infinite or absurdly loud samples taken as 0", options.file.string(),
                     clip.bad_samples));
  }
  extractor.extract_clip(clip.samples, features);
  write(options, recipe, features, "");
}

void add_features(CommandLine& line) {
  const auto options = std::make_shared<FeaturesOptions>();
  Command command = line.add("features", "Compute a file's features", [options] {
    run_features(*options);
    return 0;
  });
  command.option("file", &options->file, "The audio file").required();
  command.exactly_one_of("recipe",
                         {command.option("--preset", &options->preset,
                                         "A preset's recipe: v6, efficientnet_b0, yamnet, log_mel ..."),
                          command.option("--model", &options->model, "The recipe of this model"),
                          command.option("--config", &options->config, "A training's, TOML")});
  command.option("--out", &options->out, "Write them there: .npy, float32, height x width x channels")
      .required();
  command.option("--png", &options->png, "And as a picture there");
  const auto augment = command.option("--augment", &options->augment,
                                      "As training sees it, each time anew: --out with -1, -2, ...");
  command.option("--count", &options->count, "So many times").range(1, 1000).needs(augment);
  command.option("--data", &options->data, "Data set that other clips are mixed in from").needs(augment);
}

}  // namespace earshot
