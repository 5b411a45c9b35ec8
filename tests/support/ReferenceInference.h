// ReferenceInference: a network layer by layer as its definition reads, in double and unfused. Slow; for
// tests.
#pragma once

#include <span>
#include <vector>

#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"

namespace earshot::test {

/// `features` height x width x channels -> the scores.
std::vector<double> reference_scores(const Architecture& architecture, const Weights& weights,
                                     std::span<const float> features);

}  // namespace earshot::test
