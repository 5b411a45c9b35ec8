// validate(FeatureRecipe): every field is bounded, and the line says which one and why.
#include "dsp/features/FeatureRecipe.h"

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "dsp/features/FeatureExtractor.h"

namespace earshot::test {

TEST_CASE("the recipe v6 is valid and makes pictures of 256 x 256 x 1") {
  CHECK_NOTHROW(validate(FeatureRecipe{}));
  CHECK(FeatureRecipe{}.shape() == FeatureShape{256, 256, 1});
}

TEST_CASE("every recipe that has a name is valid and has its network's input") {
  const std::vector<std::pair<std::string, FeatureShape>> shapes{{"v6", {256, 256, 1}},
                                                                 {"efficientnet_b0", {224, 224, 3}},
                                                                 {"yamnet", {96, 64, 1}},
                                                                 {"log_mel", {128, 431, 1}}};
  CHECK(recipe_names().size() == shapes.size());
  for (const auto& [name, shape] : shapes) {
    const FeatureRecipe recipe = recipe_named(name);
    CHECK(recipe.name == name);
    CHECK_NOTHROW(validate(recipe));
    CHECK(recipe.shape() == shape);
  }
  CHECK_THROWS_WITH(recipe_named("v7"),
                    "recipe: found 'v7', expected one of v6, efficientnet_b0, yamnet, log_mel");
}

TEST_CASE("frames are counted as librosa and TensorFlow count them") {
  const FeatureRecipe v6;
  CHECK(v6.frames_of(220500) == 431);
  CHECK(v6.frames_of(1) == 1);
  const FeatureRecipe yamnet = recipe_named("yamnet");
  CHECK(yamnet.frames_of(1) == 1);
  CHECK(yamnet.frames_of(559) == 1);
  CHECK(yamnet.frames_of(560) == 2);
  CHECK(yamnet.frames_of(15600) == 96);
}

TEST_CASE("a recipe out of range is refused with the field's name") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  using Change = std::function<void(FeatureRecipe&)>;
  const std::vector<std::pair<std::string, Change>> changes{
      {"name", [](FeatureRecipe& r) { r.name.clear(); }},
      {"name", [](FeatureRecipe& r) { r.name = std::string(65, 'a'); }},
      {"name", [](FeatureRecipe& r) { r.name = "two\nlines"; }},
      {"rate_hz", [](FeatureRecipe& r) { r.rate_hz = 999; }},
      {"rate_hz", [](FeatureRecipe& r) { r.rate_hz = std::numeric_limits<int>::max(); }},
      {"window_samples", [](FeatureRecipe& r) { r.window_samples = 0; }},
      {"window_samples",
       [](FeatureRecipe& r) { r.window_samples = std::numeric_limits<std::uint64_t>::max(); }},
      {"window_samples", [](FeatureRecipe& r) { r.window_samples = 50'000'000; }},  // too many cells
      {"fft_samples", [](FeatureRecipe& r) { r.fft_samples = 32; }},
      {"fft_samples", [](FeatureRecipe& r) { r.fft_samples = 65536; }},
      {"fft_samples", [](FeatureRecipe& r) { r.fft_samples = 2000; }},
      {"hop_samples", [](FeatureRecipe& r) { r.hop_samples = 0; }},
      {"hop_samples", [](FeatureRecipe& r) { r.hop_samples = 2049; }},
      {"mel_bands", [](FeatureRecipe& r) { r.mel_bands = 0; }},
      {"mel_bands", [](FeatureRecipe& r) { r.mel_bands = 1025; }},
      {"max_hz", [](FeatureRecipe& r) { r.max_hz = 22051; }},
      {"max_hz", [=](FeatureRecipe& r) { r.max_hz = kNan; }},
      {"min_hz", [](FeatureRecipe& r) { r.min_hz = -1; }},
      {"min_hz", [](FeatureRecipe& r) { r.min_hz = 22050; }},
      {"floor_power", [](FeatureRecipe& r) { r.floor_power = 0; }},
      {"floor_power", [=](FeatureRecipe& r) { r.floor_power = kNan; }},
      {"range_db", [](FeatureRecipe& r) { r.range_db = 0; }},
      {"range_db", [](FeatureRecipe& r) { r.range_db = std::numeric_limits<double>::infinity(); }},
      {"image_height", [](FeatureRecipe& r) { r.image_height = 0; }},
      {"image_width", [](FeatureRecipe& r) { r.image_width = 100000; }},
      {"frame_samples", [](FeatureRecipe& r) { r.frame_samples = 2049; }},
      {"frame_samples", [](FeatureRecipe& r) { r.frame_samples = -1; }},
      {"window_samples",
       [](FeatureRecipe& r) {
         r.centred = false;
         r.window_samples = 2047;
       }},
      {"log_offset", [](FeatureRecipe& r) { r.log_offset = 0; }},
      {"grey_divisor", [](FeatureRecipe& r) { r.grey_divisor = 0; }},
      {"mean", [=](FeatureRecipe& r) { r.mean = kNan; }},
      {"deviation", [](FeatureRecipe& r) { r.deviation = 0; }},
      {"channels", [](FeatureRecipe& r) { r.channels = 5; }},
      {"cells", [](FeatureRecipe& r) { r.level = LevelRule::log; }},
      {"image_height", [](FeatureRecipe& r) { r.cells = CellRule::real; }},
      {"clip",
       [](FeatureRecipe& r) {
         r = recipe_named("yamnet");
         r.clip = ClipFit::whole;
       }},
  };
  for (const auto& [field, change] : changes) {
    FeatureRecipe recipe;
    change(recipe);
    CAPTURE(field);
    try {
      FeatureExtractor extractor(recipe);
      FAIL("was accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::bad_data);
      CHECK_THAT(error.what(), Catch::Contains("feature recipe: " + field + ": found "));
      CHECK_THAT(error.what(), !Catch::Contains("\n"));
    }
  }
}

}  // namespace earshot::test
