// Optimization: the part of a configuration that says how gradients become weights, and its keys in [train].
#pragma once

#include <map>
#include <string>

#include "nn/StrictToml.h"
#include "train/LearningRate.h"
#include "train/Optimizer.h"

namespace earshot {

/// The defaults are those of the preset "v6".
struct Optimization {
  Optimizer::Settings optimizer;
  LearningRatePlan plan;
  double ema_decay = 0.0;  ///< of the weights' running average (WeightAverage); 0: none
};

/// Reads its keys of the table [train] of a run of `epochs`. Throws Error(config).
void read_optimization(StrictToml& train, int epochs, Optimization& optimization);

/// Every key that counts, as "train.<key>" and value.
void add_settings(const Optimization& optimization, std::map<std::string, std::string>& settings);

}  // namespace earshot
