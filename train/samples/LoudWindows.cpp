#include "train/samples/LoudWindows.h"

#include <algorithm>

#include "dsp/audio/Level.h"

namespace earshot {
namespace {

constexpr double kLeastDbfs = -60.0;

}  // namespace

std::uint64_t step_samples(const FeatureRecipe& recipe) {
  const auto hop = static_cast<std::uint64_t>(recipe.hop_samples);
  return std::max(recipe.window_samples / 2 / hop, std::uint64_t{1}) * hop;
}

std::vector<std::uint64_t> window_starts(std::uint64_t clip_samples, const FeatureRecipe& recipe) {
  std::vector<std::uint64_t> starts{0};
  const std::uint64_t step = step_samples(recipe);
  while (starts.back() + step + recipe.window_samples <= clip_samples) starts.push_back(starts.back() + step);
  return starts;
}

std::vector<std::size_t> loud_windows(std::span<const double> levels_dbfs, double under_loudest_db) {
  std::vector<std::size_t> loud;
  if (levels_dbfs.empty()) return loud;
  const double least = std::max(kLeastDbfs, *std::ranges::max_element(levels_dbfs) - under_loudest_db);
  for (std::size_t i = 0; i < levels_dbfs.size(); ++i) {
    if (levels_dbfs[i] >= least) loud.push_back(i);
  }
  return loud;
}

std::vector<std::uint64_t> loud_window_starts(std::vector<float>& samples, const FeatureRecipe& recipe,
                                              double under_loudest_db) {
  const auto window = static_cast<std::size_t>(recipe.window_samples);
  const std::vector<std::uint64_t> starts = window_starts(samples.size(), recipe);
  samples.resize(std::max(samples.size(), window), 0.0F);
  std::vector<double> levels;
  for (const std::uint64_t start : starts) {
    const auto sound = std::span<const float>(samples).subspan(static_cast<std::size_t>(start), window);
    levels.push_back(level_dbfs(sound, recipe.rate_hz));
  }
  std::vector<std::uint64_t> loud;
  for (const std::size_t i : loud_windows(levels, under_loudest_db)) loud.push_back(starts[i]);
  return loud;
}

}  // namespace earshot
