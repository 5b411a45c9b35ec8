// The recipe of a training configuration: by name, of one's own, and every mistake named.
#include <string>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "dsp/features/FeatureExtractor.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/support/WavFile.h"
#include "train/learning/RecipeToml.h"
#include "train/learning/TrainConfig.h"
#include "train/samples/Normalising.h"

namespace earshot::test {
namespace {

RecipeSettings read(const std::string& text) {
  StrictToml file = StrictToml::from_text(text, "c.toml");
  return read_recipe(file);
}

}  // namespace

TEST_CASE("a recipe by name is a built-in one, with a window of its own length if the file says so") {
  CHECK(read("").recipe == FeatureRecipe{});
  for (const std::string& name : recipe_names()) {
    CHECK(read("recipe = \"" + name + "\"").recipe == recipe_named(name));
  }
  CHECK(read("recipe = \"yamnet\"\nwindow_s = 1.935").recipe.shape() == FeatureShape{192, 64, 1});
}

TEST_CASE("a recipe of one's own says what differs from its base, and nothing else has to be said") {
  FeatureRecipe expected = recipe_named("log_mel");
  expected.name = "own";
  CHECK(read("[recipe]").recipe == expected);

  const RecipeSettings own = read(R"([recipe]
name = "doorbell"
rate_hz = 16000
window_s = 1.5
fft_samples = 1024
frame_samples = 640
hop_samples = 320
centred = false
spectrum = "magnitude"
mel_bands = 40
mel_scale = "htk"
min_hz = 50
max_hz = 7000
level = "log"
log_offset = 1e-4
cells = "min_max"
image_height = 64
image_width = 96
grey_divisor = 127.5
channels = 3
time_axis = "width"
clip = "tile")");
  expected.name = "doorbell";
  expected.rate_hz = 16000;
  expected.window_samples = 24000;
  expected.fft_samples = 1024;
  expected.frame_samples = 640;
  expected.hop_samples = 320;
  expected.centred = false;
  expected.spectrum = Spectrum::magnitude;
  expected.mel_bands = 40;
  expected.mel_scale = MelScale::htk;
  expected.min_hz = 50.0;
  expected.max_hz = 7000.0;
  expected.log_offset = 1e-4;
  expected.cells = CellRule::min_max;
  expected.image_height = 64;
  expected.image_width = 96;
  expected.grey_divisor = 127.5;
  expected.mean = 0.0;
  expected.deviation = 1.0;
  expected.channels = 3;
  expected.clip = ClipFit::tile;
  FeatureRecipe found = own.recipe;
  found.mean = 0.0;
  found.deviation = 1.0;
  CHECK(found == expected);
  CHECK_FALSE(own.fit_normalising);

  const FeatureRecipe slow = read("[recipe]\nrate_hz = 8000").recipe;
  CHECK(slow.max_hz == 4000.0);  // no higher than the rate has
  CHECK(slow.window_samples == 40000);
  const FeatureRecipe levels = read("[recipe]\nbase = \"v6\"\ncells = \"real\"").recipe;
  CHECK(levels.shape() == FeatureShape{256, 431, 1});
  CHECK(levels.clip == ClipFit::crop);
}

TEST_CASE("every mistake in a recipe is named with its line and key") {
  struct Mistake {
    const char* text;
    const char* complaint;
  };
  const Mistake mistakes[] = {
      {"recipe = \"v7\"",
       "c.toml:1: key 'recipe': found \"v7\", expected one of \"v6\", \"efficientnet_b0\""},
      {"recipe = 3", "c.toml:1: key 'recipe': found 3, expected a table"},
      {"window_s = 0", "c.toml:1: key 'window_s': found 0 samples, expected 512 to"},
      {"window_s = 3\n[recipe]", "c.toml:1: key 'window_s': found a value beside a table [recipe]"},
      {"[recipe]\nbase = \"v7\"", "c.toml:2: key 'recipe.base': found \"v7\""},
      {"[recipe]\nmels = 3", "c.toml:2: key 'recipe.mels': found an unknown key"},
      {"[recipe]\nmel_bands = 0", "c.toml:2: key 'recipe.mel_bands': found 0, expected 1 to 1024"},
      {"[recipe]\nrate_hz = 44.1", "c.toml:2: key 'recipe.rate_hz': found 44.1, expected an integer"},
      {"[recipe]\nrate_hz = 16000\nmax_hz = 9000",
       "c.toml:3: key 'recipe.max_hz': found 9000, expected 1 to 8000"},
      {"[recipe]\nfft_samples = 1000",
       "c.toml:2: key 'recipe.fft_samples': found 1000, expected a power of two"},
      {"[recipe]\nfft_samples = 256", "c.toml:1: key 'recipe.hop_samples': found 512, expected 1 to 256"},
      {"[recipe]\nspectrum = \"phase\"",
       "c.toml:2: key 'recipe.spectrum': found \"phase\", expected one of "
       "\"power\", \"magnitude\""},
      {"[recipe]\ncells = \"min_max\"", "c.toml:1: key 'recipe.image_height': found 0, expected 1 to 2048"},
      {"[recipe]\ncells = \"wrapped\"\nimage_height = 8\nimage_width = 8", "c.toml:2: key 'recipe.cells'"},
      {"[recipe]\nclip = \"whole\"", "c.toml:2: key 'recipe.clip': found \"whole\""},
      {"[recipe]\nwindow_s = 61", "c.toml:2: key 'recipe.window_s': found 61"},
      {"[recipe]\ndeviation = 0", "c.toml:2: key 'recipe.deviation': found 0"},
      {"[recipe]\nnormalise = \"training_clips\"\nmean = 1", "c.toml:3: key 'recipe.mean'"},
      {"[recipe]\nbase = \"v6\"\nnormalise = \"training_clips\"", "c.toml:3: key 'recipe.normalise'"},
  };
  for (const Mistake& mistake : mistakes) {
    INFO(mistake.text);
    try {
      read(mistake.text);
      FAIL_CHECK("not refused");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::config);
      CHECK_THAT(error.what(), Catch::StartsWith(mistake.complaint));
    }
  }
}

TEST_CASE("normalising by the training clips gives them mean 0 and deviation 1, and the bits of loading so") {
  const TemporaryDirectory directory;
  const RecipeSettings settings =
      read("[recipe]\nrate_hz = 8000\nwindow_s = 1\nmel_bands = 16\nnormalise = \"training_clips\"");
  CHECK(settings.fit_normalising);
  DataSet data{directory.path(), {"low", "high"}, {}};
  for (int i = 0; i < 4; ++i) {
    data.clips.push_back({directory / (std::to_string(i) + ".wav"), i % 2, 0, Part::train});
    write_wav(data.clips.back().path, sine(200.0 + 700.0 * i, 8000, 6000), 8000);
  }
  FeatureRecipe recipe = settings.recipe;
  const auto load = [&](std::vector<std::size_t> which) {
    return load_features(data, which, recipe, {.threads = 1});
  };
  FeatureSet train = load({0, 1, 2});
  FeatureSet validation = load({3});
  fit_normalising(recipe, train, validation);
  double sum = 0.0;
  double squares = 0.0;
  for (const float value : train.images) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const auto count = static_cast<double>(train.images.size());
  CHECK(sum / count == Approx(0.0).margin(1e-5));
  CHECK(squares / count == Approx(1.0).margin(1e-5));
  CHECK(load({0, 1, 2}).images == train.images);
  CHECK(load({3}).images == validation.images);
}

TEST_CASE("two recipes of one's own are two settings of a run, and v6 is none") {
  const TemporaryDirectory directory;
  const auto settings = [&](const std::string& text) {
    return settings_of(load_train_config(directory.write("c.toml", text)));
  };
  CHECK_FALSE(settings("").contains("recipe.fields"));
  CHECK(settings("[recipe]\nmel_bands = 64") != settings("[recipe]\nmel_bands = 65"));
}

}  // namespace earshot::test
