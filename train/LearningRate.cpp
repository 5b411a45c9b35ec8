#include "train/LearningRate.h"

#include <cmath>
#include <numbers>

namespace earshot {

double learning_rate_at(const TrainConfig& config, double base, std::size_t step,
                        std::size_t epoch_steps) noexcept {
  const std::size_t warmup = static_cast<std::size_t>(config.warmup_epochs) * epoch_steps;
  if (step < warmup) return base * static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (config.schedule == TrainConfig::Schedule::constant) return base;
  const std::size_t total = static_cast<std::size_t>(config.epochs) * epoch_steps;
  const double done = static_cast<double>(step - warmup) / static_cast<double>(total - warmup);
  return base * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

}  // namespace earshot
