#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "train/learning/Loss.h"

using namespace earshot;

namespace {

// n x classes.
std::vector<float> one_hot(const std::vector<int>& labels, std::size_t classes) {
  std::vector<float> targets(labels.size() * classes);
  for (std::size_t i = 0; i < labels.size(); ++i)
    targets[i * classes + static_cast<std::size_t>(labels[i])] = 1.0F;
  return targets;
}

}  // namespace

TEST_CASE("equal logits of four classes cost log 4, and the first of equals is the one predicted") {
  const std::vector<float> logits(8, 2.5F);
  const BatchLoss loss = softmax_cross_entropy(logits, one_hot({0, 3}, 4), 4, {}, {});
  CHECK(loss.mean == Approx(std::log(4.0)));
  CHECK(loss.correct == 1);
}

TEST_CASE("class weights multiply each sample's loss and the sum is divided by the batch size") {
  // One sample a class; from logits (0, log 3) softmax is (1/4, 3/4).
  const auto log3 = static_cast<float>(std::log(3.0));
  const std::vector<float> logits{0.0F, log3, 0.0F, log3};
  const std::vector<float> weights{2.0F, 0.5F};
  const BatchLoss loss = softmax_cross_entropy(logits, one_hot({0, 1}, 2), 2, {weights, 0.0}, {});
  CHECK(loss.mean == Approx((2.0 * std::log(4.0) + 0.5 * std::log(4.0 / 3.0)) / 2.0));
  CHECK(loss.correct == 1);
}

TEST_CASE("what is none of the classes weighs 1 and is neither right nor wrong") {
  const std::vector<float> logits{1.0F, 0.0F, 1.0F, 0.0F};
  const std::vector<float> weights{5.0F, 0.5F};
  const std::vector<float> even{0.5F, 0.5F, 0.0F, 1.0F};
  const BatchLoss shared = softmax_cross_entropy(logits, even, 2, {weights, 0.0}, {});
  const double log_sum = std::log(std::exp(1.0) + 1.0);
  CHECK(shared.mean == Approx((log_sum - 0.5 + 0.5 * log_sum) / 2.0));
  CHECK(shared.judged == 1);
  CHECK(shared.correct == 0);
  const std::vector<float> none{0.0F, 0.0F, 1.0F, 1.0F};
  const BatchLoss several = sigmoid_cross_entropy(logits, none, 2, {weights, 0.0}, {});
  CHECK(several.judged == 1);
  CHECK(several.correct == 1);
}

TEST_CASE("huge logits neither overflow nor lose the loss") {
  const std::vector<float> logits{1e4F, -1e4F};
  std::vector<float> gradients(2);
  CHECK(softmax_cross_entropy(logits, one_hot({1}, 2), 2, {}, gradients).mean == Approx(2e4));
  CHECK(gradients == std::vector<float>{1.0F, -1.0F});
}

TEST_CASE("shares of several classes cost their share of each class's loss, and the highest share counts") {
  const auto log3 = static_cast<float>(std::log(3.0));
  const std::vector<float> logits{0.0F, log3, 0.0F, log3};
  const std::vector<float> targets{0.25F, 0.75F, 0.75F, 0.25F};
  const std::vector<float> weights{2.0F, 1.0F};
  const double first = 0.25 * std::log(4.0) + 0.75 * std::log(4.0 / 3.0);
  const double second = 0.75 * std::log(4.0) + 0.25 * std::log(4.0 / 3.0);
  const BatchLoss loss = softmax_cross_entropy(logits, targets, 2, {weights, 0.0}, {});
  CHECK(loss.mean == Approx((first + 2.0 * second) / 2.0));
  CHECK(loss.correct == 1);
}

TEST_CASE("smoothing a label moves its share to all classes alike") {
  // keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2) of [[1., 2., 4.]], class 2,
  // and BinaryCrossentropy(from_logits=True, label_smoothing=0.2) of the same; Keras 3.5.0.
  const std::vector<float> logits{1.0F, 2.0F, 4.0F};
  const std::vector<float> target = one_hot({2}, 3);
  CHECK(softmax_cross_entropy(logits, target, 3, {{}, 0.2}, {}).mean == Approx(0.5031794).epsilon(1e-6));
  CHECK(sigmoid_cross_entropy(logits, target, 3, {{}, 0.2}, {}).mean == Approx(1.1861131).epsilon(1e-6));
  CHECK(sigmoid_cross_entropy(logits, target, 3, {}, {}).mean == Approx(1.1527799).epsilon(1e-6));
}

TEST_CASE("sigmoid scores of huge logits neither overflow nor lose the loss") {
  const std::vector<float> logits{1e4F, -1e4F};
  const std::vector<float> targets{0.0F, 1.0F};
  std::vector<float> gradients(2);
  CHECK(sigmoid_cross_entropy(logits, targets, 2, {}, gradients).mean == Approx(1e4));
  CHECK(gradients == std::vector<float>{0.5F, -0.5F});
}

TEST_CASE("the gradient of each loss is the slope found by differences") {
  constexpr std::size_t kSamples = 5;
  constexpr std::size_t kClasses = 7;
  KeyedRandom random(3);
  std::vector<float> logits(kSamples * kClasses);
  for (float& logit : logits) logit = static_cast<float>(random.uniform(-3.0, 3.0));
  std::vector<float> weights(kClasses);
  for (float& weight : weights) weight = static_cast<float>(random.uniform(0.5, 2.0));
  std::vector<int> labels(kSamples);
  for (int& label : labels) label = static_cast<int>(random.below(kClasses));
  std::vector<float> hard = one_hot(labels, kClasses);
  std::vector<float> soft = hard;
  for (std::size_t i = 0; i < kSamples; ++i) {
    float sum = 0.0F;
    for (std::size_t k = 0; k < kClasses; ++k)
      sum += soft[i * kClasses + k] += static_cast<float>(random.uniform());
    for (std::size_t k = 0; k < kClasses; ++k) soft[i * kClasses + k] /= sum;
  }
  for (const auto loss : {&softmax_cross_entropy, &sigmoid_cross_entropy}) {
    for (const std::vector<float>* targets : {&hard, &soft}) {
      for (const double smoothing : {0.0, 0.1}) {
        const LossSettings settings{weights, smoothing};
        std::vector<float> gradients(logits.size());
        loss(logits, *targets, kClasses, settings, gradients);
        for (std::size_t i = 0; i < logits.size(); ++i) {
          const float h = 1.0F / 64.0F;
          std::vector<float> above = logits;
          std::vector<float> below = logits;
          above[i] += h;
          below[i] -= h;
          const double slope = (loss(above, *targets, kClasses, settings, {}).mean -
                                loss(below, *targets, kClasses, settings, {}).mean) /
                               (static_cast<double>(above[i]) - below[i]);
          CHECK(gradients[i] == Approx(slope).margin(2e-5));
        }
      }
    }
  }
}
