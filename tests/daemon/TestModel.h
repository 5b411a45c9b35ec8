// A model that knows nothing: v6 with initial weights, for tests that need scores but no skill.
#pragma once

#include "nn/model/Architecture.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Model.h"
#include "nn/model/Weights.h"

namespace earshot::test {

inline Model untrained_model() {
  Model model;
  model.name = "untrained";
  model.labels = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"};
  model.architecture = v6_architecture(static_cast<int>(model.labels.size()));
  model.weights = initial_weights(model.architecture, 7);
  return model;
}

}  // namespace earshot::test
