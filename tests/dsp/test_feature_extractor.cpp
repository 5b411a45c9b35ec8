// FeatureExtractor: laws of streaming, shapes, what is computed anew.
#include "dsp/FeatureExtractor.h"

#include <algorithm>
#include <array>
#include <limits>

#include <catch2/catch.hpp>

#include "dsp/Error.h"
#include "dsp/MelSpectrogram.h"
#include "tests/dsp/Signals.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

FeatureRecipe one_second() {
  FeatureRecipe recipe;
  recipe.window_samples = 44100;
  return recipe;
}

/// A recipe in which every size differs from the default, the window is no whole number of hops and both
/// passes of the resize run.
FeatureRecipe odd_sizes() {
  FeatureRecipe recipe;
  recipe.rate_hz = 16000;
  recipe.max_hz = 7600;
  recipe.min_hz = 60;
  recipe.fft_samples = 512;
  recipe.hop_samples = 160;
  recipe.mel_bands = 61;
  recipe.window_samples = 16001;
  recipe.image_height = 48;
  recipe.image_width = 37;
  return recipe;
}

std::vector<float> clip_features(const FeatureRecipe& recipe, std::span<const float> samples) {
  std::vector<float> out(recipe.shape().size());
  FeatureExtractor(recipe).extract_clip(samples, out);
  return out;
}

}  // namespace

TEST_CASE("a window of a stream is bit-identical to the same samples as a clip, whatever the jumps") {
  for (const FeatureRecipe& recipe : {one_second(), odd_sizes()}) {
    const auto hop = static_cast<std::uint64_t>(recipe.hop_samples);
    const std::vector<float> stream = ramped(noise(recipe.window_samples + 100 * hop, 7));
    FeatureExtractor extractor(recipe);
    std::vector<float> out(recipe.shape().size());
    // Forward, a repeat, backward, off the hop's grid and back onto it, past everything kept.
    for (const std::uint64_t start :
         {std::uint64_t{0}, hop, 4 * hop, 4 * hop, 2 * hop, 2 * hop + 1, 3 * hop + 1, 5 * hop, 100 * hop,
          std::uint64_t{0}, 43 * hop, 86 * hop}) {
      const auto window = std::span(stream).subspan(start, recipe.window_samples);
      extractor.extract_window(window, start, out);
      CAPTURE(start);
      CHECK(out == clip_features(recipe, window));
    }
  }
}

TEST_CASE("after a reset equal positions may hold other samples") {
  const FeatureRecipe recipe = one_second();
  FeatureExtractor extractor(recipe);
  std::vector<float> out(recipe.shape().size());
  extractor.extract_window(noise(recipe.window_samples, 1), 0, out);
  extractor.reset();
  const std::vector<float> other = noise(recipe.window_samples, 2);
  extractor.extract_window(other, 0, out);
  CHECK(out == clip_features(recipe, other));
}

TEST_CASE("clips and windows taken in turns do not disturb each other") {
  const FeatureRecipe recipe = one_second();
  const std::vector<float> stream = noise(recipe.window_samples + 512, 5);
  FeatureExtractor extractor(recipe);
  std::vector<float> out(recipe.shape().size());
  extractor.extract_window(std::span(stream).first(recipe.window_samples), 0, out);
  extractor.extract_clip(noise(70000, 6), out);
  extractor.extract_window(std::span(stream).subspan(512), 512, out);
  CHECK(out == clip_features(recipe, std::span(stream).subspan(512)));
}

TEST_CASE("only frames that a hop brings and those over the window's edges are computed anew") {
  const FeatureRecipe recipe;
  const std::vector<float> stream = noise(recipe.window_samples + 43 * 512, 3);
  MelSpectrogram spectrogram(recipe);
  spectrogram.update(std::span(stream).first(recipe.window_samples), 0);
  CHECK(spectrogram.frames() == 431);
  CHECK(spectrogram.computed_frames() == 431);
  spectrogram.update(std::span(stream).subspan(43 * 512), 43 * 512);
  CHECK(spectrogram.computed_frames() == 43 + 4);  // two frames reach over each edge
}

TEST_CASE("a live window allocates nothing") {
  const FeatureRecipe recipe = one_second();
  const std::vector<float> stream = noise(recipe.window_samples + 5120, 4);
  FeatureExtractor extractor(recipe);
  std::vector<float> out(recipe.shape().size());
  const AllocationGuard guard;
  for (std::uint64_t start = 0; start <= 5120; start += 1024) {
    extractor.extract_window(std::span(stream).subspan(start, recipe.window_samples), start, out);
  }
  extractor.reset();
  const std::size_t allocations = guard.allocations();
  CHECK(allocations == 0);
}

TEST_CASE("clips of any length give the recipe's shape, values between 0 and 1") {
  const FeatureRecipe recipe;
  for (const std::size_t samples : {1u, 2u, 511u, 512u, 1023u, 1024u, 1025u, 1323u, 2048u, 300000u}) {
    const std::vector<float> out = clip_features(recipe, noise(samples, 9));
    const auto [lowest, highest] = std::minmax_element(out.begin(), out.end());
    CAPTURE(samples);
    CHECK(*lowest >= 0.0f);
    CHECK(*highest <= 1.0f);
    CHECK(*highest > 0.0f);
  }
}

TEST_CASE("no sound at all is an all-zero picture") {
  const FeatureRecipe recipe;
  const std::vector<float> zero(recipe.shape().size(), 0.0f);
  CHECK(clip_features(recipe, {}) == zero);
  CHECK(clip_features(recipe, std::vector<float>(44100, 0.0f)) == zero);
  CHECK(clip_features(recipe, std::vector<float>(44100, 1e-6f)) == zero);  // all under the floor
}

TEST_CASE("samples far beyond full scale overflow into a picture, not into NaN") {
  const FeatureRecipe recipe = one_second();
  std::vector<float> samples = noise(recipe.window_samples, 8);
  for (float& sample : samples) sample *= std::numeric_limits<float>::max();
  for (const float value : clip_features(recipe, samples)) REQUIRE((value >= 0.0f && value <= 1.0f));
}

}  // namespace earshot::test
