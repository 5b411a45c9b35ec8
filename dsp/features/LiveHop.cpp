#include "dsp/features/LiveHop.h"

#include <algorithm>
#include <cmath>

#include <spdlog/fmt/fmt.h>

namespace earshot {

std::uint64_t effective_hop_samples(const FeatureRecipe& recipe, double hop_s, std::string_view place,
                                    ExitCode code) {
  double hops = std::round(hop_s * recipe.rate_hz / recipe.hop_samples);
  const auto step = static_cast<std::uint64_t>(recipe.hop_samples);
  // The whole window is a hop that one may ask for.
  if (hop_s * recipe.rate_hz <= static_cast<double>(recipe.window_samples))
    hops = std::min(hops, static_cast<double>(recipe.window_samples / step));
  const std::uint64_t samples = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(hops)) * step;
  if (samples > recipe.window_samples) {
    throw Error(code, fmt::format("{}: found {} s, expected at most the model's window of {} s", place, hop_s,
                                  static_cast<double>(recipe.window_samples) / recipe.rate_hz));
  }
  return samples;
}

}  // namespace earshot
