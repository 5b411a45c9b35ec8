// EfficientNetB0's picture against librosa and Pillow, YAMNet's patch against TensorFlow;
// tests/golden/recipes.py made the goldens. Inputs are at the recipe's rate: no resampler stands between.
//
// Between a full-scale sine's bins lies nothing but the rounding of a single-precision FFT: there YAMNet's
// levels are 4.8e-3 from exact (double precision), TensorFlow's 2.8e-3, and librosa, whose FFT is double,
// sees a deeper floor. Everywhere else ours are within 9e-6 of exact, TensorFlow's within 2e-5.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <catch2/catch.hpp>

#include "dsp/audio/AudioFile.h"
#include "dsp/features/FeatureExtractor.h"
#include "dsp/features/GreyPicture.h"
#include "tests/dsp/GreyPng.h"
#include "tests/dsp/Signals.h"
#include "tests/support/Esc10.h"

namespace earshot::test {
namespace {

namespace fs = std::filesystem;
using Compare = std::function<void(const std::string& input, std::span<const float> samples)>;

const std::string kSine = "sine";
const fs::path kRecipeGoldens = fs::path(EARSHOT_SOURCE_DIR) / "tests" / "golden" / "recipes";

void for_synthetic_inputs(int rate_hz, const Compare& compare) {
  const auto second = static_cast<std::size_t>(rate_hz);
  compare("noise", ramped(noise(3 * second, 1)));
  compare(kSine, sine(440.0, 1.0, rate_hz, 3 * second));
  compare("short", ramped(noise(1323, 3)));
  compare("silence", std::vector<float>(second, 0.0f));
}

/// Of clips at 44.1 kHz, every `step`-th sample.
void for_clips(const fs::path& esc10, std::size_t step, const Compare& compare) {
  for (const std::string clip : {"1-116765-A", "1-17150-A", "3-144692-A", "3-118658-B"}) {
    const std::vector<float> samples = load_clip(esc10 / "audio" / (clip + ".ogg"), 44100).samples;
    std::vector<float> taken;
    for (std::size_t i = 0; i < samples.size(); i += step) taken.push_back(samples[i]);
    compare(clip, taken);
  }
}

struct PictureAgreement {
  std::size_t cells = 0;
  std::size_t different = 0;
  int largest = 0;
  std::size_t resized_cells = 0;
  std::size_t resized_different = 0;
};

/// Adds the picture before and after the resize; the tensor is that picture, 0 .. 255, three times.
void compare_picture(const std::string& input, std::span<const float> samples, PictureAgreement& agreement) {
  CAPTURE(input);
  const GreyPng golden = read_grey_png(kRecipeGoldens / ("efficientnet_b0." + input + ".png"));
  const GreyPng resized = read_grey_png(kRecipeGoldens / ("efficientnet_b0." + input + ".resized.png"));
  const FeatureRecipe recipe = recipe_named("efficientnet_b0");
  REQUIRE(recipe.shape() == FeatureShape{224, 224, 3});
  std::vector<float> window(samples.begin(), samples.end());
  window.resize(recipe.window_samples);
  MelSpectrogram spectrogram(recipe);
  spectrogram.update(window, 0);
  REQUIRE(spectrogram.frames() == golden.width);
  GreyPicture picture(recipe, spectrogram.frames());
  std::vector<float> painted(recipe.shape().size());
  picture.paint(spectrogram, painted);
  for (std::size_t frame = 0; frame < golden.width; ++frame) {
    for (std::size_t band = 0; band < golden.height; ++band) {
      const int found = picture.unresized()[frame * golden.height + band];
      const int difference = std::abs(found - int{golden.at(band, frame)});
      ++agreement.cells;
      agreement.different += difference != 0;
      agreement.largest = std::max(agreement.largest, difference);
    }
  }

  std::vector<float> extracted(recipe.shape().size());
  FeatureExtractor(recipe).extract_clip(samples, extracted);
  REQUIRE(extracted == painted);
  std::size_t channels_different = 0;
  for (std::size_t cell = 0; cell < resized.pixels.size(); ++cell) {
    const float value = extracted[3 * cell];
    channels_different += extracted[3 * cell + 1] != value || extracted[3 * cell + 2] != value;
    ++agreement.resized_cells;
    agreement.resized_different += value != static_cast<float>(resized.pixels[cell]);
  }
  CHECK(channels_different == 0);
}

void check(const PictureAgreement& agreement) {
  CAPTURE(agreement.cells, agreement.different, agreement.resized_cells, agreement.resized_different);
  CHECK(agreement.largest <= 1);
  CHECK(agreement.different * 10000 <= agreement.cells);
  CHECK(agreement.resized_different * 10000 <= agreement.resized_cells);
}

void compare_patch(const std::string& input, std::span<const float> samples) {
  const FeatureRecipe recipe = recipe_named("yamnet");
  REQUIRE(recipe.shape() == FeatureShape{96, 64, 1});
  std::vector<float> golden(recipe.shape().size());
  std::ifstream file(kRecipeGoldens / ("yamnet." + input + ".f32"), std::ios::binary);
  file.read(reinterpret_cast<char*>(golden.data()),
            static_cast<std::streamsize>(golden.size() * sizeof(float)));
  REQUIRE(file);
  std::vector<float> extracted(recipe.shape().size());
  FeatureExtractor(recipe).extract_clip(samples, extracted);
  float worst = 0.0f;
  for (std::size_t i = 0; i < golden.size(); ++i) worst = std::max(worst, std::abs(extracted[i] - golden[i]));
  CAPTURE(input, worst);
  CHECK(worst <= (input == kSine ? 1e-2f : 1e-4f));
}

}  // namespace

TEST_CASE(
    "EfficientNetB0's picture of noise, a short clip and silence is librosa's and Pillow's, a sine's "
    "nearly") {
  PictureAgreement agreement;
  PictureAgreement of_sine;
  for_synthetic_inputs(22050, [&](const std::string& input, std::span<const float> samples) {
    compare_picture(input, samples, input == kSine ? of_sine : agreement);
  });
  check(agreement);
  CAPTURE(of_sine.different, of_sine.resized_different);
  CHECK(of_sine.largest <= 3);
  CHECK(of_sine.resized_different * 100 <= of_sine.resized_cells);
}

TEST_CASE("EfficientNetB0's picture of ESC-10 clips is librosa's and Pillow's") {
  const auto esc10 = find_esc10();
  if (!esc10) return;
  PictureAgreement agreement;
  for_clips(*esc10, 2, [&](const std::string& input, std::span<const float> samples) {
    compare_picture(input, samples, agreement);
  });
  check(agreement);
}

TEST_CASE(
    "YAMNet's patch of noise, a short clip and silence is TensorFlow's within 1e-4, of a sine within 1e-2") {
  for_synthetic_inputs(16000, compare_patch);
}

TEST_CASE("YAMNet's patch of ESC-10 clips is TensorFlow's within 1e-4") {
  const auto esc10 = find_esc10();
  if (!esc10) return;
  for_clips(*esc10, 3, compare_patch);
}

}  // namespace earshot::test
