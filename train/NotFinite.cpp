#include "train/NotFinite.h"

#include <algorithm>
#include <cmath>
#include <ranges>

#include <spdlog/fmt/fmt.h>

namespace earshot {
namespace {

bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

}  // namespace

std::optional<std::string> not_finite(std::span<const Parameter> parameters) {
  for (const Parameter& parameter : parameters | std::views::reverse) {
    if (!all_finite(parameter.gradient)) return parameter.spec->name;
  }
  return std::nullopt;
}

std::optional<std::string> not_finite(const Weights& weights, const Architecture& architecture) {
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    if (!all_finite(weights.at(spec.name).values)) return spec.name;
  }
  return std::nullopt;
}

std::string largest_value(const Weights& weights, const Architecture& architecture) {
  if (const auto name = not_finite(weights, architecture))
    return "values of " + *name + " that are not finite";
  float largest = 0.0F;
  std::string holder;
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    for (const float value : weights.at(spec.name).values) {
      if (std::abs(value) < largest) continue;
      largest = std::abs(value);
      holder = spec.name;
    }
  }
  return fmt::format("a largest weight of {:.3g} in {}", largest, holder);
}

}  // namespace earshot
