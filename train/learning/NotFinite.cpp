#include "train/learning/NotFinite.h"

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

std::optional<std::string> not_finite_gradient(std::span<const Parameter> parameters) {
  for (const Parameter& parameter : parameters | std::views::reverse) {
    if (!all_finite(parameter.gradient)) return parameter.spec->name;
  }
  return std::nullopt;
}

std::optional<std::string> not_finite_value(std::span<const Parameter> tensors) {
  for (const Parameter& tensor : tensors) {
    if (!all_finite(tensor.value)) return tensor.spec->name;
  }
  return std::nullopt;
}

std::string largest_value(std::span<const Parameter> tensors) {
  if (const auto name = not_finite_value(tensors)) return "values of " + *name + " that are not finite";
  float largest = 0.0F;
  std::string holder;
  for (const Parameter& tensor : tensors) {
    for (const float value : tensor.value) {
      if (std::abs(value) < largest) continue;
      largest = std::abs(value);
      holder = tensor.spec->name;
    }
  }
  return fmt::format("a largest weight of {:.3g} in {}", largest, holder);
}

}  // namespace earshot
