#include "train/FeaturesCommand.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <vector>

#include "dsp/AudioFile.h"
#include "dsp/Error.h"
#include "dsp/FeatureExtractor.h"
#include "dsp/PictureLayout.h"
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
  if (options.model) return load_model(*options.model).recipe;
  const std::vector<std::string> names = recipe_names();
  const bool named = std::ranges::find(names, options.preset) != names.end();
  return named ? recipe_named(options.preset) : preset(options.preset).recipe;
}

struct GreyImage {
  int height;
  int width;
  std::vector<std::uint8_t> pixels;
};

/// The first channel as 8 bit, time to the right and the lowest band at the bottom. Real cells are stretched
/// from the lowest to the loudest.
GreyImage as_grey(std::span<const float> features, const FeatureRecipe& recipe) {
  const FeatureShape shape = recipe.shape();
  const bool upright = recipe.time_axis == TimeAxis::width;
  const auto bands = static_cast<std::size_t>(upright ? shape.height : shape.width);
  const auto frames = static_cast<std::size_t>(upright ? shape.width : shape.height);
  const PictureLayout layout(recipe, bands, frames);
  float lowest = 0.0F;
  auto highest = static_cast<float>(255.0 / recipe.grey_divisor);
  if (recipe.cells == CellRule::real) {
    const auto [least, most] = std::ranges::minmax(features);
    lowest = least;
    highest = most > least ? most : least + 1.0F;
  }
  GreyImage image{static_cast<int>(bands), static_cast<int>(frames),
                  std::vector<std::uint8_t>(bands * frames)};
  for (std::size_t band = 0; band < bands; ++band) {
    for (std::size_t frame = 0; frame < frames; ++frame) {
      const float share = (features[layout.at(band, frame)] - lowest) / (highest - lowest);
      image.pixels[(bands - 1 - band) * frames + frame] =
          static_cast<std::uint8_t>(std::lround(255.0F * std::clamp(share, 0.0F, 1.0F)));
    }
  }
  return image;
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
  if (options.png) {
    const GreyImage image = as_grey(features, recipe);
    write_png(*options.png, image.pixels, image.height, image.width);
  }
}

void add_features(CommandLine& line) {
  const auto options = std::make_shared<FeaturesOptions>();
  Command command = line.add("features", "Compute a file's features", [options] {
    run_features(*options);
    return 0;
  });
  command.option("file", &options->file, "The audio file").required();
  command.exactly_one_of("recipe", {command.option("--preset", &options->preset, "A preset's recipe: v6, efficientnet_b0, yamnet, log_mel ..."),
                                    command.option("--model", &options->model, "The recipe of this model")});
  command.option("--out", &options->out, "Write them there: .npy, float32, height x width x channels")
      .required();
  command.option("--png", &options->png, "And as a picture there");
}

}  // namespace earshot
