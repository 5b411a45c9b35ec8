#include <catch2/catch.hpp>

#include "train/LearningRate.h"

using namespace earshot;

TEST_CASE("a constant plan keeps the base rate after a linear warm-up") {
  TrainConfig config;
  config.epochs = 4;
  config.warmup_epochs = 2;
  CHECK(learning_rate_at(config, 0.8, 0, 2) == Approx(0.2));
  CHECK(learning_rate_at(config, 0.8, 3, 2) == Approx(0.8));
  CHECK(learning_rate_at(config, 0.8, 4, 2) == 0.8);
  CHECK(learning_rate_at(config, 0.4, 7, 2) == 0.4);
}

TEST_CASE("a cosine plan starts at the base rate, is half of it half-way and falls to almost nothing") {
  TrainConfig config;
  config.epochs = 10;
  config.schedule = TrainConfig::Schedule::cosine;
  CHECK(learning_rate_at(config, 1.0, 0, 100) == 1.0);
  CHECK(learning_rate_at(config, 1.0, 500, 100) == Approx(0.5));
  CHECK(learning_rate_at(config, 1.0, 999, 100) < 1e-5);
  CHECK(learning_rate_at(config, 1.0, 999, 100) > 0.0);
}
