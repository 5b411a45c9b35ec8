#include "nn/model/SixteenBits.h"

#include <algorithm>
#include <cmath>

namespace earshot {
namespace {

constexpr std::size_t kLeastValues = 4096;
constexpr double kLargest = 32767.0;
constexpr double kLeastStep = 0x1p-120;  // and a float of all its digits
constexpr double kDigits = 256.0;  // 8 binary ones: times 15 they fit a float's 24

bool is_kernel(const Tensor& tensor) {
  return tensor.shape.size() >= 2 && !tensor.values.empty();
}

// The smallest step with which `largest` is at most kLargest steps; of zeros 1.
double step_for(double largest) {
  if (largest == 0.0) return 1.0;
  int exponent = 0;
  const double fraction = std::frexp(largest / kLargest, &exponent);  // 0.5 .. 1
  return std::max(std::ldexp(std::ceil(fraction * kDigits) / kDigits, exponent), kLeastStep);
}

std::vector<double> steps_of(const Tensor& tensor) {
  std::vector<double> steps(step_channels(tensor.shape), 0.0);
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    double& largest = steps[i % steps.size()];
    largest = std::max(largest, std::abs(static_cast<double>(tensor.values[i])));
  }
  for (double& step : steps) step = step_for(step);
  return steps;
}

double in_steps(float value, double step) {
  return std::clamp(std::round(static_cast<double>(value) / step), -kLargest, kLargest);
}

}  // namespace

std::size_t step_channels(const std::vector<std::int64_t>& shape) {
  const std::size_t rank = shape.size();
  return static_cast<std::size_t>(rank > 2 && shape[rank - 1] == 1 ? shape[rank - 2] : shape[rank - 1]);
}

void round_to_sixteen_bits(Tensor& tensor) {
  if (!is_kernel(tensor) || tensor.values.size() < kLeastValues) return;
  // A largest value that is rounded down may ask for the next smaller step: the second time nothing moves any more.
  for (int time = 0; time < 2; ++time) {
    const std::vector<double> steps = steps_of(tensor);
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      const double step = steps[i % steps.size()];
      tensor.values[i] = static_cast<float>(in_steps(tensor.values[i], step) * step + 0.0);  // no zero is negative
    }
  }
}

std::optional<SixteenBits> as_sixteen_bits(const Tensor& tensor) {
  if (!is_kernel(tensor)) return std::nullopt;
  const std::vector<double> steps = steps_of(tensor);
  SixteenBits stored;
  stored.numbers.reserve(tensor.values.size());
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    const double step = steps[i % steps.size()];
    const double number = in_steps(tensor.values[i], step);
    if (number * step != static_cast<double>(tensor.values[i])) return std::nullopt;
    if (number == 0.0 && std::signbit(tensor.values[i])) return std::nullopt;
    stored.numbers.push_back(static_cast<std::int16_t>(number));
  }
  stored.steps.assign(steps.begin(), steps.end());
  return stored;
}

}  // namespace earshot
