// The fit of a head's rows against the function that it says it minimises.
#include <cmath>
#include <cstddef>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/KeyedRandom.h"
#include "train/teaching/HeadFit.h"

namespace earshot::test {
namespace {

constexpr std::size_t kFitWidth = 7;
constexpr std::size_t kFitRows = 3;
constexpr double kFitStrength = 0.2;

struct FitProblem {
  std::vector<float> embeddings;
  std::vector<Stand> stands;
  std::vector<float> weights;
  HeadRows start{kFitWidth, {}, {}};

  EmbeddingScale scale() const { return embedding_scale(embeddings, weights, kFitWidth); }
  HeadTask task() const { return {weights, scale(), start}; }
  std::vector<HeadRows> fitted(std::vector<HeadTask> tasks, double strength = kFitStrength,
                               unsigned threads = 1) const {
    return fit_heads({embeddings, stands}, tasks, start, strength, threads);
  }
  HeadRows fitted(double strength, unsigned threads) const {
    return fitted({task()}, strength, threads).front();
  }
};

/// Embeddings around a mean of their own; row 0 follows the first number, row 1 the second, row 2 nothing.
FitProblem fit_problem(std::size_t count) {
  KeyedRandom random(7);
  FitProblem problem;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<double> values;
    for (std::size_t j = 0; j < kFitWidth; ++j) values.push_back(0.3 * static_cast<double>(j) + random.uniform(-1.0, 1.0));
    for (const double value : values) problem.embeddings.push_back(static_cast<float>(value));
    problem.stands.push_back(values[0] + random.uniform(-0.3, 0.3) > 0.4 ? Stand::positive : Stand::negative);
    problem.stands.push_back(values[1] > 0.2 ? Stand::positive : Stand::negative);
    problem.weights.push_back(i % 4 == 0 ? 2.5F : 0.5F);
    problem.stands.push_back(i % 5 == 0 ? Stand::aside : i % 3 == 0 ? Stand::positive : Stand::negative);
  }
  for (std::size_t i = 0; i < kFitRows * kFitWidth; ++i)
    problem.start.weights.push_back(static_cast<float>(random.uniform(-0.5, 0.5)));
  problem.start.bias = {0.1F, -1.0F, 0.5F};
  return problem;
}

/// The function as its comment states it, one row, in plain doubles.
double fit_objective(const FitProblem& problem, const EmbeddingScale& scale, std::size_t row, const HeadRows& at) {
  double value = 0.0;
  for (std::size_t j = 0; j < kFitWidth; ++j) {
    const double away = (static_cast<double>(at.row(row)[j]) - static_cast<double>(problem.start.row(row)[j])) *
                        scale.deviation[j];
    value += 0.5 * away * away;
  }
  for (std::size_t i = 0; i < problem.stands.size() / kFitRows; ++i) {
    const Stand stand = problem.stands[i * kFitRows + row];
    if (stand == Stand::aside) continue;
    double logit = static_cast<double>(at.bias[row]);
    for (std::size_t j = 0; j < kFitWidth; ++j)
      logit += static_cast<double>(at.row(row)[j]) * static_cast<double>(problem.embeddings[i * kFitWidth + j]);
    value += kFitStrength * static_cast<double>(problem.weights[i]) *
             std::log1p(std::exp(stand == Stand::positive ? -logit : logit));
  }
  return value;
}

}  // namespace

TEST_CASE("no step from a fitted row makes its objective less") {
  const FitProblem problem = fit_problem(203);
  const EmbeddingScale scale = problem.scale();
  const HeadRows fitted = problem.fitted(kFitStrength, 2);
  for (std::size_t row = 0; row < kFitRows; ++row) {
    const double least = fit_objective(problem, scale, row, fitted);
    CHECK(least < fit_objective(problem, scale, row, problem.start) - 0.01);
    for (std::size_t j = 0; j <= kFitWidth; ++j) {
      for (const float step : {-0.05F, 0.05F}) {
        HeadRows moved = fitted;
        (j < kFitWidth ? moved.weights[row * kFitWidth + j] : moved.bias[row]) += step;
        CHECK(fit_objective(problem, scale, row, moved) > least);
      }
    }
  }
}

TEST_CASE("a fit does not depend on the number of threads, to the bit") {
  const FitProblem problem = fit_problem(150);
  const HeadRows one = problem.fitted(kFitStrength, 1);
  const HeadRows three = problem.fitted(kFitStrength, 3);
  CHECK(one.weights == three.weights);
  CHECK(one.bias == three.bias);
}

TEST_CASE("a row that lacks positives or negatives stays near its start, its bias too, however many windows there are") {
  for (const Stand only : {Stand::positive, Stand::negative}) {
    FitProblem problem = fit_problem(2000);
    for (std::size_t i = 0; i < problem.stands.size(); i += kFitRows) problem.stands[i] = only;
    const HeadRows fitted = problem.fitted(0.001, 1);
    CHECK(std::abs(fitted.bias[0] - problem.start.bias[0]) < 1.5F);
    CHECK(std::abs(fitted.bias[0] - problem.start.bias[0]) > 0.01F);
  }
}

TEST_CASE("a number that stirs in one window of hundreds gets no weight beyond the others'") {
  FitProblem problem = fit_problem(300);
  for (std::size_t i = 0; i < 300; ++i) problem.embeddings[i * kFitWidth + 6] = i == 7 ? 0.05F : 0.0F;
  const HeadRows fitted = problem.fitted(1.0, 1);
  for (std::size_t row = 0; row < kFitRows; ++row)
    CHECK(std::abs(fitted.row(row)[6] - problem.start.row(row)[6]) < 10.0F);
}

TEST_CASE("what stands aside moves a row no more than if it were not there") {
  FitProblem problem = fit_problem(60);
  const EmbeddingScale scale = problem.scale();
  for (std::size_t i = 0; i < 60; ++i) {
    if (i >= 40) problem.stands[i * kFitRows] = Stand::aside;
  }
  const HeadRows with = problem.fitted({{problem.weights, scale, problem.start}}).front();
  problem.embeddings.resize(40 * kFitWidth);
  problem.stands.resize(40 * kFitRows);
  problem.weights.resize(40);
  const HeadRows without = problem.fitted({{problem.weights, scale, problem.start}}).front();
  for (std::size_t j = 0; j < kFitWidth; ++j) CHECK(with.row(0)[j] == Approx(without.row(0)[j]).margin(0.02));
}

TEST_CASE("a window without weight is as if it were not there, one of weight 2 as if it were there twice") {
  FitProblem problem = fit_problem(60);
  for (std::size_t i = 0; i < 60; ++i) problem.weights[i] = i < 20 ? 2.0F : i < 40 ? 1.0F : 0.0F;
  const EmbeddingScale scale = problem.scale();
  const HeadRows weighted = problem.fitted({{problem.weights, scale, problem.start}}).front();
  problem.embeddings.resize(40 * kFitWidth);
  problem.stands.resize(40 * kFitRows);
  problem.embeddings.reserve(60 * kFitWidth);
  problem.stands.reserve(60 * kFitRows);
  problem.embeddings.insert(problem.embeddings.end(), problem.embeddings.begin(),
                            problem.embeddings.begin() + 20 * kFitWidth);
  problem.stands.insert(problem.stands.end(), problem.stands.begin(), problem.stands.begin() + 20 * kFitRows);
  problem.weights.assign(60, 1.0F);
  const HeadRows twice = problem.fitted({{problem.weights, scale, problem.start}}).front();
  for (std::size_t row = 0; row < kFitRows; ++row) {
    for (std::size_t j = 0; j < kFitWidth; ++j)
      CHECK(weighted.row(row)[j] == Approx(twice.row(row)[j]).margin(0.05));
  }
}

TEST_CASE("from wherever a search begins, it ends at the same rows") {
  const FitProblem problem = fit_problem(203);
  HeadRows far = problem.start;
  for (float& weight : far.weights) weight = -3.0F * weight + 1.0F;
  const HeadRows one = problem.fitted(kFitStrength, 2);
  const HeadRows other = problem.fitted({{problem.weights, problem.scale(), far}}, kFitStrength, 2).front();
  for (std::size_t i = 0; i < one.weights.size(); ++i)
    CHECK(one.weights[i] == Approx(other.weights[i]).margin(0.05));
}

TEST_CASE("heads that are fitted side by side are those that are fitted each alone") {
  const FitProblem problem = fit_problem(150);
  std::vector<HeadTask> tasks;
  for (std::size_t part = 0; part < 3; ++part) {
    std::vector<float> weights = problem.weights;
    for (std::size_t i = part; i < weights.size(); i += part + 2) weights[i] = 0.0F;
    EmbeddingScale scale = embedding_scale(problem.embeddings, weights, kFitWidth);
    tasks.push_back({std::move(weights), std::move(scale), problem.start});
  }
  const std::vector<HeadRows> together = problem.fitted(tasks, kFitStrength, 3);
  REQUIRE(together.size() == 3);
  for (std::size_t part = 0; part < 3; ++part) {
    const HeadRows alone = problem.fitted({tasks[part]}).front();
    for (std::size_t i = 0; i < alone.weights.size(); ++i)
      CHECK(together[part].weights[i] == Approx(alone.weights[i]).margin(0.02));
  }
  CHECK(std::abs(together[0].weights[0] - together[1].weights[0]) > 0.02F);
}

TEST_CASE("logits are what rows and embeddings say, however many stand side by side") {
  const FitProblem problem = fit_problem(6);
  const std::vector<float> logits = head_logits(problem.start, problem.embeddings);
  REQUIRE(logits.size() == 6 * kFitRows);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t row = 0; row < kFitRows; ++row) {
      double expected = static_cast<double>(problem.start.bias[row]);
      for (std::size_t j = 0; j < kFitWidth; ++j) {
        expected += static_cast<double>(problem.start.row(row)[j]) *
                    static_cast<double>(problem.embeddings[i * kFitWidth + j]);
      }
      CHECK(static_cast<double>(logits[i * kFitRows + row]) == Approx(expected).margin(1e-5));
    }
  }
}

}  // namespace earshot::test
