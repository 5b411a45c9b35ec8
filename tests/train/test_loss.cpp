#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "nn/KeyedRandom.h"
#include "train/Loss.h"

using namespace earshot;

TEST_CASE("equal logits of four classes cost log 4, and the first of equals is the one predicted") {
  const std::vector<float> logits(8, 2.5F);
  const BatchLoss loss = softmax_cross_entropy(logits, std::vector<int>{0, 3}, {}, {});
  CHECK(loss.mean == Approx(std::log(4.0)));
  CHECK(loss.correct == 1);
}

TEST_CASE("class weights multiply each sample's loss and the sum is divided by the batch size") {
  // One sample a class; from logits (0, log 3) softmax is (1/4, 3/4).
  const auto log3 = static_cast<float>(std::log(3.0));
  const std::vector<float> logits{0.0F, log3, 0.0F, log3};
  const BatchLoss loss =
      softmax_cross_entropy(logits, std::vector<int>{0, 1}, std::vector<float>{2.0F, 0.5F}, {});
  CHECK(loss.mean == Approx((2.0 * std::log(4.0) + 0.5 * std::log(4.0 / 3.0)) / 2.0));
  CHECK(loss.correct == 1);
}

TEST_CASE("huge logits neither overflow nor lose the loss") {
  const std::vector<float> logits{1e4F, -1e4F};
  std::vector<float> gradients(2);
  CHECK(softmax_cross_entropy(logits, std::vector<int>{1}, {}, gradients).mean == Approx(2e4));
  CHECK(gradients == std::vector<float>{1.0F, -1.0F});
}

TEST_CASE("the gradient of the loss is the slope found by differences") {
  constexpr std::size_t kSamples = 5;
  constexpr std::size_t kClasses = 7;
  KeyedRandom random(3);
  std::vector<float> logits(kSamples * kClasses);
  for (float& logit : logits) logit = static_cast<float>(random.uniform(-3.0, 3.0));
  std::vector<float> weights(kClasses);
  for (float& weight : weights) weight = static_cast<float>(random.uniform(0.5, 2.0));
  std::vector<int> labels(kSamples);
  for (int& label : labels) label = static_cast<int>(random.below(kClasses));

  std::vector<float> gradients(logits.size());
  softmax_cross_entropy(logits, labels, weights, gradients);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const float h = 1.0F / 64.0F;
    std::vector<float> above = logits;
    std::vector<float> below = logits;
    above[i] += h;
    below[i] -= h;
    const double slope = (softmax_cross_entropy(above, labels, weights, {}).mean -
                          softmax_cross_entropy(below, labels, weights, {}).mean) /
                         (static_cast<double>(above[i]) - below[i]);
    CHECK(gradients[i] == Approx(slope).margin(2e-5));
  }
}
