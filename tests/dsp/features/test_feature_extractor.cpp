// FeatureExtractor: laws of streaming, shapes, what is computed anew.
#include "dsp/features/FeatureExtractor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "dsp/features/MelSpectrogram.h"
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

/// Real cells, time downwards, a frame that is no multiple of a SIMD register, in the middle of its FFT.
FeatureRecipe odd_frames() {
  FeatureRecipe recipe = recipe_named("yamnet");
  recipe.name = "odd frames";
  recipe.window_samples = 9001;
  recipe.centred = true;
  recipe.frame_samples = 301;
  recipe.mel_bands = 19;
  recipe.channels = 2;
  recipe.mean = -3.0;
  recipe.deviation = 2.5;
  return recipe;
}

std::vector<float> clip_features(const FeatureRecipe& recipe, std::span<const float> samples) {
  std::vector<float> out(recipe.shape().size());
  FeatureExtractor(recipe).extract_clip(samples, out);
  return out;
}

}  // namespace

TEST_CASE("a window of a stream is bit-identical to the same samples as a clip, whatever the jumps") {
  for (const FeatureRecipe& recipe :
       {one_second(), odd_sizes(), odd_frames(), recipe_named("efficientnet_b0"), recipe_named("yamnet")}) {
    CAPTURE(recipe.name);
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

TEST_CASE("frames that are not centred are all kept but those that a hop brings") {
  const FeatureRecipe recipe = recipe_named("yamnet");
  const std::vector<float> stream = noise(recipe.window_samples + 48 * 160, 3);
  MelSpectrogram spectrogram(recipe);
  spectrogram.update(std::span(stream).first(recipe.window_samples), 0);
  CHECK(spectrogram.frames() == 96);
  spectrogram.update(std::span(stream).subspan(48 * 160), 48 * 160);
  CHECK(spectrogram.frames() == 96);
  CHECK(spectrogram.computed_frames() == 48);
}

TEST_CASE("a live window allocates nothing") {
  for (const FeatureRecipe& recipe :
       {one_second(), recipe_named("efficientnet_b0"), recipe_named("yamnet")}) {
    const auto hop = static_cast<std::uint64_t>(recipe.hop_samples);
    const std::vector<float> stream = noise(recipe.window_samples + 10 * hop, 4);
    FeatureExtractor extractor(recipe);
    std::vector<float> out(recipe.shape().size());
    const AllocationGuard guard;
    for (std::uint64_t start = 0; start <= 10 * hop; start += 2 * hop) {
      extractor.extract_window(std::span(stream).subspan(start, recipe.window_samples), start, out);
    }
    extractor.reset();
    const std::size_t allocations = guard.allocations();
    CAPTURE(recipe.name);
    CHECK(allocations == 0);
  }
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

TEST_CASE("a clip of another length than the window is cropped, filled up with zeros or repeated") {
  for (const char* name : {"efficientnet_b0", "yamnet"}) {
    FeatureRecipe recipe = recipe_named(name);
    CAPTURE(name);
    const auto length = static_cast<std::size_t>(recipe.window_samples);
    const std::vector<float> longer = noise(2 * length, 12);
    CHECK(clip_features(recipe, longer) == clip_features(recipe, std::span(longer).first(length)));

    const std::vector<float> clip = noise(length / 3 + 7, 13);
    std::vector<float> filled = clip;
    filled.resize(length);
    CHECK(clip_features(recipe, clip) == clip_features(recipe, filled));
    CHECK(clip_features(recipe, {}) == clip_features(recipe, std::vector<float>(length)));

    for (std::size_t i = clip.size(); i < length; ++i) filled[i] = clip[i % clip.size()];
    recipe.clip = ClipFit::tile;
    CHECK(clip_features(recipe, clip) == clip_features(recipe, filled));
  }
}

TEST_CASE("orientation and channels move cells and change none") {
  for (const char* name : {"v6", "efficientnet_b0", "log_mel"}) {
    FeatureRecipe recipe = recipe_named(name);
    recipe.window_samples = static_cast<std::uint64_t>(recipe.rate_hz);
    if (recipe.image_height > 0) recipe.image_width = recipe.image_height + 9;
    recipe.channels = 1;
    const std::vector<float> samples = noise(recipe.window_samples, 14);
    const std::vector<float> plain = clip_features(recipe, samples);
    const auto bands = static_cast<std::size_t>(recipe.shape().height);
    const auto frames = static_cast<std::size_t>(recipe.shape().width);
    recipe.time_axis = TimeAxis::height;
    std::swap(recipe.image_height, recipe.image_width);
    recipe.channels = 3;
    CHECK(recipe.shape() == FeatureShape{static_cast<int>(frames), static_cast<int>(bands), 3});
    const std::vector<float> turned = clip_features(recipe, samples);
    std::size_t different = 0;
    for (std::size_t cell = 0; cell < turned.size(); ++cell) {
      const std::size_t frame = cell / 3 / bands;
      const std::size_t band = cell / 3 % bands;
      different += turned[cell] != plain[band * frames + frame];
    }
    CAPTURE(name);
    CHECK(different == 0);
  }
}

TEST_CASE("real levels of a fixed reference fall by 2 ln 2 where the sound is half as loud") {
  FeatureRecipe recipe = recipe_named("log_mel");
  recipe.mean = 0.0;
  recipe.deviation = 1.0;
  recipe.log_offset = 1e-30;
  std::vector<float> samples = noise(recipe.window_samples, 15);
  const std::vector<float> full = clip_features(recipe, samples);
  for (float& sample : samples) sample *= 0.5f;
  const std::vector<float> half = clip_features(recipe, samples);
  recipe.mean = 2.0;
  recipe.deviation = 4.0;
  const std::vector<float> normalised = clip_features(recipe, samples);
  for (std::size_t i = 0; i < full.size(); ++i) {
    REQUIRE(full[i] - half[i] == Approx(2.0 * std::log(2.0)).margin(1e-5));
    REQUIRE(normalised[i] == (half[i] - 2.0f) / 4.0f);
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
