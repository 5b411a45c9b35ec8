// A recipe's JSON: every field survives, and files of before its later fields mean v6's.
#include <string>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "nn/model/ModelJson.h"

namespace earshot::test {
namespace {

/// As models were written before recipes could say more than v6's kind.
const std::string kFirstRecipe =
    R"({"name":"v6","rate_hz":44100,"window_samples":220500,"fft_samples":2048,"hop_samples":512,"mel_bands":256,)"
    R"("min_hz":0E0,"max_hz":2.205E4,"floor_power":1E-5,"range_db":8E1,"image_height":256,"image_width":256})";

}  // namespace

TEST_CASE("a recipe written before its later fields came is v6's, and v6 is still written so, to the byte") {
  CHECK(parse_recipe(kFirstRecipe) == FeatureRecipe{});
  CHECK(format_recipe(FeatureRecipe{}) == kFirstRecipe);
}

TEST_CASE("every recipe reads back as it was written") {
  for (const std::string& name : recipe_names()) {
    FeatureRecipe recipe = recipe_named(name);
    CHECK(parse_recipe(format_recipe(recipe)) == recipe);
    recipe.frame_samples = 333;
    recipe.log_offset = 3.7e-9;
    recipe.mean = -1.0 / 3.0;
    recipe.deviation = 0.1;
    recipe.clip = ClipFit::tile;
    recipe.grey_divisor = 127.5;
    CHECK(parse_recipe(format_recipe(recipe)) == recipe);
  }
}

TEST_CASE("a recipe's field of another type or with a word that is unknown is refused by name") {
  const auto with = [](const std::string& field) {
    return kFirstRecipe.substr(0, kFirstRecipe.size() - 1) + ',' + field + '}';
  };
  for (const auto& [field, complaint] :
       {std::pair{R"("spectrum":"cepstrum")", "recipe: 'spectrum' is 'cepstrum'"},
        std::pair{R"("time_axis":1)", "recipe: 'time_axis' is not a string"},
        std::pair{R"("centred":"no")", "recipe: 'centred' is neither true nor false"},
        std::pair{R"("channels":1.5)", "recipe: 'channels' is not a whole number in range"},
        std::pair{R"("colour":"red")", "recipe: has 13 fields"}}) {
    CHECK_THROWS_WITH(parse_recipe(with(field)), Catch::StartsWith(complaint));
  }
}

}  // namespace earshot::test
