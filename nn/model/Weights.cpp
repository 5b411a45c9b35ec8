#include "nn/model/Weights.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string_view>
#include <utility>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"

namespace earshot {
namespace {

// FNV-1a (Fowler, Noll, Vo): the same on every machine, which std::hash is not.
std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

std::size_t element_count(const std::vector<std::int64_t>& shape) {
  std::size_t product = 1;
  for (const std::int64_t size : shape) product *= static_cast<std::size_t>(size);
  return product;
}

float constant_start(std::string_view name) {
  return name.ends_with("/gamma") || name.ends_with("variance") ? 1.0F : 0.0F;
}

// From the normal distribution, what lies beyond two deviations drawn again (Box and Muller 1958).
double truncated_normal(KeyedRandom& random) {
  for (;;) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random.uniform(0.0, 1.0)));
    const double value = radius * std::cos(2.0 * std::numbers::pi * random.uniform(0.0, 1.0));
    if (std::abs(value) <= 2.0) return value;
  }
}

void draw(const ParameterSpec& spec, KeyedRandom& random, std::vector<float>& values) {
  if (spec.initializer == Initializer::he_fan_out) {
    // He et al. 2015, eq. 14; what truncation takes from the deviation is given back, as Keras does.
    constexpr double kTruncatedDeviation = 0.87962566103423978;
    const double deviation = std::sqrt(2.0 / static_cast<double>(spec.fan_out)) / kTruncatedDeviation;
    for (float& value : values) value = static_cast<float>(deviation * truncated_normal(random));
    return;
  }
  // Glorot and Bengio 2010, eq. 16.
  const double limit = std::sqrt(6.0 / static_cast<double>(spec.fan_in + spec.fan_out));
  for (float& value : values) value = static_cast<float>(random.uniform(-limit, limit));
}

}  // namespace

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "(" : ", ") + std::to_string(size);
  return text.empty() ? "()" : text + ")";
}

Weights initial_weights(const Architecture& architecture, std::uint64_t seed) {
  Weights weights;
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    Tensor tensor{spec.shape, std::vector<float>(element_count(spec.shape), constant_start(spec.name))};
    if (spec.fan_in > 0) {
      KeyedRandom random(derive_key(seed, hash_name(spec.name)));
      draw(spec, random, tensor.values);
    }
    weights.emplace(spec.name, std::move(tensor));
  }
  return weights;
}

float normalization_deviation(float variance) {
  return std::max(std::sqrt(variance), 1e-7F);
}

void validate(const Weights& weights, const Architecture& architecture) {
  const std::vector<ParameterSpec> specs = parameter_specs(architecture);
  for (const ParameterSpec& spec : specs) {
    const auto found = weights.find(spec.name);
    if (found == weights.end()) {
      throw Error(ExitCode::bad_data,
                  "tensor '" + spec.name + "' is missing, expected one of shape " + shape_text(spec.shape));
    }
    const Tensor& tensor = found->second;
    if (tensor.shape != spec.shape || tensor.values.size() != element_count(spec.shape)) {
      throw Error(ExitCode::bad_data, "tensor '" + spec.name + "' has shape " + shape_text(tensor.shape) +
                                          " and " + std::to_string(tensor.values.size()) +
                                          " values, expected shape " + shape_text(spec.shape));
    }
    if (!std::all_of(tensor.values.begin(), tensor.values.end(), [](float v) { return std::isfinite(v); })) {
      throw Error(ExitCode::bad_data,
                  "tensor '" + spec.name + "' holds NaN or infinity, expected finite values");
    }
    if (spec.name.ends_with("variance") &&
        std::any_of(tensor.values.begin(), tensor.values.end(), [](float v) { return v < 0.0F; })) {
      throw Error(ExitCode::bad_data,
                  "tensor '" + spec.name + "' holds a negative variance, expected 0 or more");
    }
  }
  if (weights.size() == specs.size()) return;
  for (const auto& [name, tensor] : weights) {
    const auto owned = [&name = name](const ParameterSpec& spec) { return spec.name == name; };
    if (std::none_of(specs.begin(), specs.end(), owned)) {
      throw Error(ExitCode::bad_data, "tensor '" + name + "' belongs to no layer of the architecture");
    }
  }
}

}  // namespace earshot
