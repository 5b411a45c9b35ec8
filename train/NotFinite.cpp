#include "train/NotFinite.h"

#include <algorithm>
#include <cmath>
#include <ranges>

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

}  // namespace earshot
