// Optimization: the part of a configuration that says how gradients become weights, and its keys in [train].
#pragma once

#include <map>
#include <string>

#include "dsp/base/StrictToml.h"
#include "train/learning/LearningRate.h"
#include "train/learning/Optimizer.h"

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
