#include "train/learning/WeightAverage.h"

#include <algorithm>

namespace earshot {

void WeightAverage::update(const Weights& weights, std::uint64_t updates, Weights& average) const {
  if (average.empty()) {
    average = weights;
    return;
  }
  const auto t = static_cast<double>(updates);
  const auto rest = static_cast<float>(1.0 - std::min(decay_, (1.0 + t) / (10.0 + t)));
  for (auto& [name, tensor] : average) {
    const std::vector<float>& now = weights.at(name).values;
    for (std::size_t i = 0; i < now.size(); ++i) tensor.values[i] += (now[i] - tensor.values[i]) * rest;
  }
}

}  // namespace earshot
