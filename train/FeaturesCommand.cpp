#include "train/FeaturesCommand.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <vector>

#include "dsp/AudioFile.h"
#include "dsp/Error.h"
#include "dsp/FeatureExtractor.h"
#include "nn/Model.h"
#include "train/CommandLine.h"
#include "train/Npy.h"
#include "train/Png.h"
#include "train/TrainConfig.h"

namespace earshot {
namespace {

FeatureRecipe recipe_of(const FeaturesOptions& options) {
  if (options.model.has_value() != options.preset.empty()) {
    throw Error(ExitCode::usage, std::string("found ") + (options.model ? "both" : "neither of") +
                                     " --preset and --model, expected one of them");
  }
  return options.model ? load_model(*options.model).recipe : preset(options.preset).recipe;
}

/// The first channel, 0 .. 1 as 8 bit, the lowest band at the bottom.
std::vector<std::uint8_t> as_grey(std::span<const float> features, const FeatureShape& shape) {
  const auto width = static_cast<std::size_t>(shape.width);
  const auto height = static_cast<std::size_t>(shape.height);
  const auto channels = static_cast<std::size_t>(shape.channels);
  std::vector<std::uint8_t> grey(height * width);
  for (std::size_t row = 0; row < height; ++row) {
    for (std::size_t column = 0; column < width; ++column) {
      const float value = features[((height - 1 - row) * width + column) * channels];
      grey[row * width + column] =
          static_cast<std::uint8_t>(std::lround(255.0F * std::clamp(value, 0.0F, 1.0F)));
    }
  }
  return grey;
}

}  // namespace

void run_features(const FeaturesOptions& options) {
  const FeatureRecipe recipe = recipe_of(options);
  const FeatureShape shape = recipe.shape();
  FeatureExtractor extractor(recipe);
  std::vector<float> features(shape.size());
  const Clip clip = load_clip(options.file, recipe.rate_hz);
  if (clip.samples.empty()) {
    throw Error(ExitCode::bad_data, options.file.string() + ": found no samples, expected one at least");
  }
  if (clip.bad_samples > 0) {
    std::cerr << options.file.string() << ": " << clip.bad_samples << " NaN or infinite samples taken as 0\n";
  }
  extractor.extract_clip(clip.samples, features);
  write_npy(options.out, features, {shape.height, shape.width, shape.channels});
  if (options.png) write_png(*options.png, as_grey(features, shape), shape.height, shape.width);
}

void add_features(CommandLine& line) {
  const auto options = std::make_shared<FeaturesOptions>();
  Command command = line.add("features", "Compute a file's features", [options] {
    run_features(*options);
    return 0;
  });
  command.option("file", &options->file, "The audio file").required();
  command.exactly_one_of("recipe", {command.option("--preset", &options->preset, "The recipe's name: v6"),
                                    command.option("--model", &options->model, "The recipe of this model")});
  command.option("--out", &options->out, "Write them there: .npy, float32, height x width x channels")
      .required();
  command.option("--png", &options->png, "And as a picture there");
}

}  // namespace earshot
