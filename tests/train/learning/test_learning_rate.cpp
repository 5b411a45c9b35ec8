#include <catch2/catch.hpp>

#include "train/learning/LearningRate.h"

using namespace earshot;
using Schedule = LearningRatePlan::Schedule;

TEST_CASE("a constant plan keeps the base rate after a linear warm-up") {
  const LearningRatePlan plan{.warmup_epochs = 2};
  CHECK(learning_rate_at(plan, 0.8, 0, 8, 2) == Approx(0.2));
  CHECK(learning_rate_at(plan, 0.8, 3, 8, 2) == Approx(0.8));
  CHECK(learning_rate_at(plan, 0.8, 4, 8, 2) == 0.8);
  CHECK(learning_rate_at(plan, 0.4, 7, 8, 2) == 0.4);
}

TEST_CASE("a cosine plan starts at the base rate, is half of it half-way and falls to almost nothing") {
  const LearningRatePlan plan{.schedule = Schedule::cosine};
  CHECK(learning_rate_at(plan, 1.0, 0, 1000, 100) == 1.0);
  CHECK(learning_rate_at(plan, 1.0, 500, 1000, 100) == Approx(0.5));
  CHECK(learning_rate_at(plan, 1.0, 999, 1000, 100) < 1e-5);
  CHECK(learning_rate_at(plan, 1.0, 999, 1000, 100) > 0.0);
}

TEST_CASE("a plan of drops multiplies the rate at each share of the run") {
  const LearningRatePlan plan{
      .schedule = Schedule::step, .warmup_epochs = 1, .drop_at = {0.5, 0.75}, .drop_factor = 0.1};
  CHECK(learning_rate_at(plan, 1.0, 4, 100, 10) == Approx(0.5));
  CHECK(learning_rate_at(plan, 1.0, 49, 100, 10) == 1.0);
  CHECK(learning_rate_at(plan, 1.0, 50, 100, 10) == Approx(0.1));
  CHECK(learning_rate_at(plan, 1.0, 74, 100, 10) == Approx(0.1));
  CHECK(learning_rate_at(plan, 1.0, 75, 100, 10) == Approx(0.01));
}

// torch.optim.lr_scheduler.OneCycleLR(max_lr=2e-3, total_steps=100, pct_start=0.1, div_factor=25,
// final_div_factor=1e4), by the formulas of its source: at step 0 max / 25, at step 9 max, at step 99 max /
// 25e4.
TEST_CASE("one cycle rises from a 25th over its first tenth and falls to almost nothing") {
  const LearningRatePlan plan{.schedule = Schedule::one_cycle, .rise = 0.1};
  CHECK(learning_rate_at(plan, 2e-3, 0, 100, 10) == Approx(8e-5));
  CHECK(learning_rate_at(plan, 2e-3, 3, 100, 10) ==
        Approx(5.6e-4));  // a third of the way: a quarter of the rise
  CHECK(learning_rate_at(plan, 2e-3, 9, 100, 10) == Approx(2e-3));
  CHECK(learning_rate_at(plan, 2e-3, 54, 100, 10) == Approx(1e-3).epsilon(1e-4));
  CHECK(learning_rate_at(plan, 2e-3, 99, 100, 10) == Approx(8e-9));
  for (const double rise : {0.0, 1.0}) {  // never up, never down; one step is a run, too
    const LearningRatePlan edge{.schedule = Schedule::one_cycle, .rise = rise};
    CHECK(learning_rate_at(edge, 1.0, 0, 1, 1) > 0.0);
    CHECK(learning_rate_at(edge, 1.0, 0, 10, 1) <= 1.0);
    CHECK(learning_rate_at(edge, 1.0, 9, 10, 1) > 0.0);
  }
}
