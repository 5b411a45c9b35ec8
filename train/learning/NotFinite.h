// NotFinite: which tensor of a run is no longer made of numbers.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "nn/training/Parameter.h"

namespace earshot {

/// The first parameter whose gradient holds a NaN or an infinity. backward() goes from the last layer to the
/// first, so the search does, too.
std::optional<std::string> not_finite_gradient(std::span<const Parameter> parameters);

/// The first tensor of Network::tensors() whose values hold a NaN or an infinity.
std::optional<std::string> not_finite_value(std::span<const Parameter> tensors);

/// "values of TENSOR that are not finite" of the first such, else "a largest weight of VALUE in TENSOR".
std::string largest_value(std::span<const Parameter> tensors);

}  // namespace earshot
