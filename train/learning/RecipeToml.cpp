#include "train/learning/RecipeToml.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include "dsp/base/Words.h"

namespace earshot {
namespace {

constexpr double kMaxWindowS = 60.0;
constexpr std::string_view kRecipeKey = "recipe";
constexpr std::string_view kWindowKey = "window_s";

// Ranges are problem_of's to judge, for they depend on other fields.
int whole(StrictToml& table, std::string_view key, int fallback) {
  return static_cast<int>(
      table.integer(key, fallback, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}

double real(StrictToml& table, std::string_view key, double fallback) {
  return table.real(key, fallback, std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max());
}

template <class Enum>
Enum word(StrictToml& table, std::string_view key, Enum fallback) {
  const std::string found = table.text(key, word_of(fallback));
  const std::optional<Enum> known = value_of_word<Enum>(found);
  if (!known) {
    table.refuse(key, fmt::format("\"{}\"", found),
                 fmt::format("one of \"{}\"", fmt::join(words_of(Enum{}), "\", \"")));
  }
  return *known;
}

FeatureRecipe read_named(StrictToml& table, std::string_view key, std::string_view fallback) {
  const std::string name = table.text(key, fallback);
  const std::vector<std::string> names = recipe_names();
  if (std::ranges::find(names, name) == names.end()) {
    table.refuse(key, fmt::format("\"{}\"", name), fmt::format("one of \"{}\"", fmt::join(names, "\", \"")));
  }
  return recipe_named(name);
}

double window_s_of(const FeatureRecipe& recipe) {
  return static_cast<double>(recipe.window_samples) / recipe.rate_hz;
}

void refuse_problem(StrictToml& table, const FeatureRecipe& recipe) {
  const auto problem = problem_of(recipe);
  if (!problem) return;
  const bool window = problem->field == "window_samples";
  const char* unit = window ? " samples" : "";
  table.refuse(window ? kWindowKey : std::string_view(problem->field), problem->found + unit,
               problem->expected + unit);
}

void read_window(StrictToml& table, FeatureRecipe& recipe, double fallback_s) {
  const double window_s = table.real(kWindowKey, fallback_s, 0.0, kMaxWindowS);
  recipe.window_samples = static_cast<std::uint64_t>(std::llround(window_s * std::max(0, recipe.rate_hz)));
}

void read_spectrogram(StrictToml& table, FeatureRecipe& recipe) {
  const double base_window_s = window_s_of(recipe);
  recipe.rate_hz = whole(table, "rate_hz", recipe.rate_hz);
  read_window(table, recipe, base_window_s);
  recipe.fft_samples = whole(table, "fft_samples", recipe.fft_samples);
  recipe.frame_samples = whole(table, "frame_samples", recipe.frame_samples);
  recipe.hop_samples = whole(table, "hop_samples", recipe.hop_samples);
  recipe.centred = table.boolean("centred", recipe.centred);
  recipe.spectrum = word(table, "spectrum", recipe.spectrum);
  recipe.mel_bands = whole(table, "mel_bands", recipe.mel_bands);
  recipe.mel_scale = word(table, "mel_scale", recipe.mel_scale);
  recipe.max_hz = real(table, "max_hz", std::min(recipe.max_hz, recipe.rate_hz / 2.0));
  recipe.min_hz = real(table, "min_hz", recipe.min_hz);
}

void read_picture(StrictToml& table, FeatureRecipe& recipe) {
  recipe.level = word(table, "level", recipe.level);
  recipe.floor_power = real(table, "floor_power", recipe.floor_power);
  recipe.range_db = real(table, "range_db", recipe.range_db);
  recipe.log_offset = real(table, "log_offset", recipe.log_offset);
  recipe.cells = word(table, "cells", recipe.cells);
  const bool real_cells = recipe.cells == CellRule::real;
  recipe.image_height = whole(table, "image_height", real_cells ? 0 : recipe.image_height);
  recipe.image_width = whole(table, "image_width", real_cells ? 0 : recipe.image_width);
  recipe.grey_divisor = real(table, "grey_divisor", recipe.grey_divisor);
  recipe.time_axis = word(table, "time_axis", recipe.time_axis);
  recipe.channels = whole(table, "channels", recipe.channels);
  recipe.clip =
      word(table, "clip", real_cells && recipe.clip == ClipFit::whole ? ClipFit::crop : recipe.clip);
}

bool read_normalising(StrictToml& table, FeatureRecipe& recipe) {
  recipe.mean = real(table, "mean", recipe.mean);
  recipe.deviation = real(table, "deviation", recipe.deviation);
  constexpr const char* kKey = "normalise";
  if (table.one_of(kKey, "given", {"given", "training_clips"}) == "given") return false;
  constexpr const char* kFound = "\"training_clips\"";
  if (recipe.cells != CellRule::real) table.refuse(kKey, kFound, "\"given\", or cells = \"real\"");
  for (const char* given : {"mean", "deviation"}) {
    if (table.has(given)) table.refuse(given, "a value", "none with normalise = \"training_clips\"");
  }
  recipe.mean = 0.0;
  recipe.deviation = 1.0;
  return true;
}

RecipeSettings read_own(StrictToml table) {
  RecipeSettings settings{read_named(table, "base", "log_mel")};
  FeatureRecipe& recipe = settings.recipe;
  recipe.name = table.text("name", "own");
  read_spectrogram(table, recipe);
  read_picture(table, recipe);
  settings.fit_normalising = read_normalising(table, recipe);
  table.reject_unknown();
  refuse_problem(table, recipe);
  return settings;
}

}  // namespace

RecipeSettings read_recipe(StrictToml& file) {
  if (file.has(kRecipeKey) && !file.has_text(kRecipeKey)) {
    const RecipeSettings own = read_own(file.table(kRecipeKey));
    if (file.has(kWindowKey)) file.refuse(kWindowKey, "a value beside a table [recipe]", "it in that table");
    return own;
  }
  RecipeSettings settings{read_named(file, kRecipeKey, "v6")};
  read_window(file, settings.recipe, window_s_of(settings.recipe));
  refuse_problem(file, settings.recipe);
  return settings;
}

}  // namespace earshot
