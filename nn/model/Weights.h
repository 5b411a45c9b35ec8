// Weights: named float tensors in Keras' layouts, and how a new network starts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "nn/model/Architecture.h"

namespace earshot {

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;  ///< row-major
  bool operator==(const Tensor&) const = default;
};

/// A tensor's: "(3, 3, 1, 32)".
std::string shape_text(const std::vector<std::int64_t>& shape);

using Weights = std::map<std::string, Tensor>;

/// Kernels by their initializers, zero biases and betas, unit gammas, mean 0 and variance 1. The same seed
/// gives the same values on every machine.
Weights initial_weights(const Architecture& architecture, std::uint64_t seed);

/// What a Normalization divides by (Keras: max(sqrt(variance), 1e-7)).
float normalization_deviation(float variance);

/// Throws Error(bad_data) naming the tensor unless `weights` holds exactly what the architecture owns,
/// finite.
void validate(const Weights& weights, const Architecture& architecture);

}  // namespace earshot
