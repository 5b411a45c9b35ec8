// validate(FeatureRecipe): every field is bounded, and the line says which one and why.
#include "dsp/FeatureRecipe.h"

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/Error.h"
#include "dsp/FeatureExtractor.h"

namespace earshot::test {

TEST_CASE("the recipe v6 is valid and makes pictures of 256 x 256 x 1") {
  CHECK_NOTHROW(validate(FeatureRecipe{}));
  CHECK(FeatureRecipe{}.shape() == FeatureShape{256, 256, 1});
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
