// LearningRate: the rate of each step by the configuration's plan: warm-up, then constant or half a cosine.
#pragma once

#include <cstddef>

#include "train/TrainConfig.h"

namespace earshot {

/// The rate of step `step`, counted from 0 over the whole run of config.epochs x `epoch_steps`. `base` is the
/// configuration's rate, or what a plateau has made of it. Warm-up rises linearly and reaches `base` at its
/// last step; the cosine (Loshchilov, Hutter 2017, without restarts) begins at `base` and ends a step short
/// of 0.
double learning_rate_at(const TrainConfig& config, double base, std::size_t step,
                        std::size_t epoch_steps) noexcept;

}  // namespace earshot
