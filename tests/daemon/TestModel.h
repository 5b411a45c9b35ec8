// Models that know nothing, for tests that need scores but no skill.
#pragma once

#include "nn/model/Architecture.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Model.h"
#include "nn/model/Weights.h"

namespace earshot::test {

/// For the recipe and the labels of `model`, and called as it is.
inline Architecture hardly_a_network(const Model& model, Scores scores) {
  return {.name = model.name,
          .input = model.recipe.shape(),
          .layers = {{"conv", Conv2d{.filters = 4, .stride = 4}},
                     {"pool", GlobalAveragePool2d{}},
                     {"dense", Dense{.units = static_cast<int>(model.labels.size())}}},
          .scores = scores};
}

/// YAMNet's recipe and windows (15 600 samples at 16 kHz), and next to no network: a window costs little.
inline const Model& small_yamnet() {
  static const Model small = [] {
    Model model;
    model.name = "small";
    model.recipe = recipe_named("yamnet");
    model.labels = {"rain", "thunder", "dog"};
    model.architecture = hardly_a_network(model, Scores::sigmoid);
    model.weights = initial_weights(model.architecture, 3);
    return model;
  }();
  return small;
}

/// v6's recipe and windows, ten labels, and next to no network.
inline Model untrained_model() {
  Model model;
  model.name = "untrained";
  model.labels = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"};
  model.architecture = hardly_a_network(model, Scores::softmax);
  model.weights = initial_weights(model.architecture, 7);
  return model;
}

/// v6 with initial weights: a window takes milliseconds.
inline Model costly_model() {
  Model model = untrained_model();
  model.architecture = v6_architecture(static_cast<int>(model.labels.size()));
  model.weights = initial_weights(model.architecture, 7);
  return model;
}

}  // namespace earshot::test
