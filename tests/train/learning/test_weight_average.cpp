#include <catch2/catch.hpp>

#include "train/learning/WeightAverage.h"

using namespace earshot;

TEST_CASE("a weights' average forgets fast at first and then by its decay") {
  const WeightAverage rule(0.5);
  Weights average;
  const auto all = [](float value) {
    return Weights{{"a/kernel", {{1}, {value}}}, {"a/moving_mean", {{1}, {value}}}};
  };
  rule.update(all(8.0F), 0, average);
  CHECK(average == all(8.0F));
  rule.update(all(0.0F), 2, average);  // (1 + 2) / (10 + 2): a quarter of what was
  CHECK(average == all(2.0F));
  rule.update(all(0.0F), 1000, average);
  CHECK(average == all(1.0F));
}
