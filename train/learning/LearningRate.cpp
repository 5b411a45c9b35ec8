#include "train/learning/LearningRate.h"

#include <cmath>
#include <numbers>

namespace earshot {
namespace {

constexpr double kCycleStart = 1.0 / 25.0;
constexpr double kCycleEnd = kCycleStart * 1e-4;

// From `from` to `to` along half a cosine, done in [0, 1].
double half_cosine(double from, double to, double done) noexcept {
  return to + (from - to) * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

double one_cycle(double rise, double step, double steps) noexcept {
  const double top = rise * steps - 1.0;
  const double end = steps - 1.0;
  if (step <= top) return half_cosine(kCycleStart, 1.0, top > 0.0 ? step / top : 1.0);
  return half_cosine(1.0, kCycleEnd, end > top ? (step - top) / (end - top) : 1.0);
}

}  // namespace

double learning_rate_at(const LearningRatePlan& plan, double base, std::size_t step, std::size_t steps,
                        std::size_t epoch_steps) noexcept {
  using Schedule = LearningRatePlan::Schedule;
  const auto at = static_cast<double>(step);
  const auto all = static_cast<double>(steps);
  if (plan.schedule == Schedule::one_cycle) return base * one_cycle(plan.rise, at, all);
  const std::size_t warmup = static_cast<std::size_t>(plan.warmup_epochs) * epoch_steps;
  if (step < warmup) return base * static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (plan.schedule == Schedule::constant) return base;
  if (plan.schedule == Schedule::step) {
    double rate = base;
    for (const double share : plan.drop_at) {
      if (at >= share * all) rate *= plan.drop_factor;
    }
    return rate;
  }
  const double done = static_cast<double>(step - warmup) / static_cast<double>(steps - warmup);
  return base * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

}  // namespace earshot
