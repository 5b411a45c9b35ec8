// LearningRate: the rate of each step by a plan: constant, in drops or along a cosine after a warm-up; one
// cycle.
#pragma once

#include <cstddef>
#include <vector>

namespace earshot {

struct LearningRatePlan {
  enum class Schedule { constant, cosine, step, one_cycle };
  Schedule schedule = Schedule::constant;
  int warmup_epochs = 0;  ///< the rate rises in equal steps to the base over these; not with one_cycle
  std::vector<double> drop_at = {0.5, 0.75};  ///< of step: shares of the run after which the rate drops
  double drop_factor = 0.1;                   ///< of step: what each drop multiplies it by
  double rise = 0.1;                          ///< of one_cycle: share of the run in which the rate rises
};

/// The rate of step `step`, counted from 0 over the whole run of `steps`, `epoch_steps` of them an epoch.
/// `base` is the configuration's rate, or what a plateau has made of it. Warm-up rises linearly and reaches
/// `base` at its last step; the cosine (Loshchilov, Hutter 2017, without restarts) begins at `base` and ends
/// a step short of 0. One cycle (Smith, Topin 2018) rises from base / 25 to `base` and falls to base / 250
/// 000, along half a cosine each way, as PyTorch's OneCycleLR does by default.
double learning_rate_at(const LearningRatePlan& plan, double base, std::size_t step, std::size_t steps,
                        std::size_t epoch_steps) noexcept;

}  // namespace earshot
