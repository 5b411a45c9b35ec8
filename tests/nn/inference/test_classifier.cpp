// Classifier: it says what Keras says, what the unfused definition says, and always the same.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "nn/inference/Classifier.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Safetensors.h"
#include "nn/training/Network.h"
#include "tests/support/AllocationGuard.h"
#include "tests/support/ReferenceInference.h"

namespace earshot::test {
namespace {

constexpr double kScoreTolerance = 1e-5;

// Labels and recipe are of no concern to a classifier.
Model model_of(Architecture architecture, Weights weights) {
  Model model;
  model.architecture = std::move(architecture);
  model.weights = std::move(weights);
  return model;
}

std::vector<float> scores_of(Classifier& classifier, std::span<const float> features, std::size_t classes) {
  std::vector<float> scores(classes);
  REQUIRE(classifier.classify(features, scores));
  return scores;
}

template <class Expected>
double largest_difference(const std::vector<float>& found, const Expected& expected) {
  double largest = 0.0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    if (!(difference <= largest)) largest = difference;  // NaN counts
  }
  return largest;
}

// Every parameter away from where it starts, running statistics as those of a trained network.
Weights random_weights(const Architecture& architecture, std::uint64_t seed) {
  Weights weights = initial_weights(architecture, seed);
  KeyedRandom random(seed);
  for (auto& [name, tensor] : weights) {
    for (float& value : tensor.values) {
      if (name.ends_with("/gamma") || name.ends_with("variance")) {
        value = static_cast<float>(random.uniform(0.4, 1.6));
      } else if (!name.ends_with("kernel")) {
        value = static_cast<float>(random.uniform(-0.5, 0.5));
      }
    }
  }
  return weights;
}

std::vector<float> noise(const FeatureShape& shape, std::uint64_t seed) {
  KeyedRandom random(seed);
  std::vector<float> values(shape.size());
  for (float& value : values) value = static_cast<float>(random.uniform());
  return values;
}

// The pictures of tests/golden/keras_inference.py, by the same integer arithmetic.
std::vector<float> picture(int which) {
  std::vector<float> values(256U * 256U);
  const auto wave = [](int x) { return std::abs(x % 512 - 256); };
  for (std::uint32_t i = 0; i < values.size(); ++i) {
    const int row = static_cast<int>(i / 256);
    const int column = static_cast<int>(i % 256);
    const std::uint32_t hashed = i * 2654435761U;
    const int partial = row % 37 < 3 ? 220 - column % 64 * 3 : 30;
    const std::array<int, 5> bytes = {
        static_cast<int>(((hashed ^ (hashed >> 15U)) * 2246822519U) >> 24U),
        std::min(255, (wave(3 * row + column) + wave(5 * column) + wave(2 * row + 7 * column)) / 3),
        column % 64 < 2 ? 250 - row / 2 : partial, 0, 255};
    values[i] = static_cast<float>(bytes[static_cast<std::size_t>(which)]) / 255.0F;
  }
  return values;
}

Safetensors keras_golden() {
  const std::filesystem::path path =
      std::filesystem::path(EARSHOT_SOURCE_DIR) / "tests/golden/keras_inference.safetensors";
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return parse_safetensors(std::string(std::istreambuf_iterator<char>(file), {}));
}

TEST_CASE("v6 gives Keras' probabilities within 1e-5") {
  Safetensors golden = keras_golden();
  const Tensor expected = golden.tensors.at("expected/scores");
  golden.tensors.erase("expected/scores");
  for (const int threads : {1, 2}) {
    Classifier classifier(model_of(v6_architecture(10), golden.tensors), threads);
    for (int which = 0; which < 5; ++which) {
      const std::vector<float> scores = scores_of(classifier, picture(which), 10);
      const std::span<const float> row =
          std::span(expected.values).subspan(static_cast<std::size_t>(which) * 10, 10);
      INFO("picture " << which << ", threads " << threads);
      CHECK(largest_difference(scores, row) <= kScoreTolerance);
    }
  }
}

TEST_CASE("a fused network says what its unfused definition says, whatever its layers and sizes") {
  const Dense three{.units = 3};
  const GlobalAveragePool2d average;
  const std::vector<Architecture> architectures = {
      {"odd sizes, few channels",
       {13, 17, 1},
       {{"c", Conv2d{.filters = 5}},
        {"n", BatchNorm{}},
        {"r", LeakyRelu{}},
        {"p", MaxPool2d{}},
        {"a", average},
        {"d", three}}},
      {"Winograd's 3x3 before a pooling and without one",
       {33, 29, 1},
       {{"c", Conv2d{.filters = 32}},
        {"n", BatchNorm{}},
        {"r", LeakyRelu{}},
        {"c1", Conv2d{.filters = 32}},
        {"n1", BatchNorm{}},
        {"r1", LeakyRelu{.slope = 0.2F}},
        {"p", MaxPool2d{}},
        {"o", Dropout{.rate = 0.5F}},
        {"c2", Conv2d{.filters = 48}},
        {"r2", LeakyRelu{}},
        {"c3", Conv2d{.filters = 17}},
        {"p3", MaxPool2d{.size = 3}},
        {"a", average},
        {"d", three}}},
      {"separable",
       {9, 11, 3},
       {{"s", SeparableConv2d{.filters = 20}},
        {"n", BatchNorm{}},
        {"r", LeakyRelu{}},
        {"s1", SeparableConv2d{.filters = 7, .kernel = 5}},
        {"a", average},
        {"d", three},
        {"n1", BatchNorm{}}}},
      {"normalisation before, after pooling and after activation",
       {8, 10, 2},
       {{"n", BatchNorm{}},
        {"c", Conv2d{.filters = 6, .kernel = 1}},
        {"r", LeakyRelu{.slope = 0.0F}},
        {"n1", BatchNorm{.epsilon = 1e-4F}},
        {"p", MaxPool2d{}},
        {"n2", BatchNorm{}},
        {"n3", BatchNorm{}},
        {"a", average},
        {"d", three},
        {"r3", LeakyRelu{}},
        {"n4", BatchNorm{}}}},
      {"activation first and twice",
       {6, 6, 4},
       {{"r", LeakyRelu{}},
        {"c", Conv2d{.filters = 4, .kernel = 5}},
        {"r1", LeakyRelu{}},
        {"r2", LeakyRelu{}},
        {"a", average},
        {"d", three}}},
      {"an even kernel", {7, 7, 2}, {{"c", Conv2d{.filters = 4, .kernel = 4}}, {"a", average}, {"d", three}}},
      {"dense layers alone",
       {1, 1, 20},
       {{"d", Dense{.units = 40}},
        {"n", BatchNorm{}},
        {"r", LeakyRelu{}},
        {"d1", Dense{.units = 11}},
        {"d2", three}}},
      {"nothing but pooling", {6, 4, 3}, {{"p", MaxPool2d{}}, {"a", average}}},
      {"a pooling that leaves one pixel",
       {6, 6, 3},
       {{"p", MaxPool2d{.size = 4}}, {"a", average}, {"d", three}}},
      {"channels in sixteens and one over",
       {10, 12, 17},
       {{"c", Conv2d{.filters = 33}},
        {"r", LeakyRelu{}},
        {"s", SeparableConv2d{.filters = 31}},
        {"n", BatchNorm{}},
        {"p", MaxPool2d{}},
        {"a", average},
        {"d", three}}},
      {"strides, padding and depthwise layers",
       {13, 15, 3},
       {{"z", ZeroPadding2d{.top = 0, .bottom = 1, .left = 2, .right = 1}},
        {"c", Conv2d{.filters = 16, .stride = 2, .padding = Padding::valid, .bias = false}},
        {"n", BatchNorm{.scale = false}},
        {"r", Activation{}},
        {"w", DepthwiseConv2d{.kernel = 5, .stride = 2, .bias = false}},
        {"n1", BatchNorm{}},
        {"s", Activation{Activation::Function::swish}},
        {"z1", ZeroPadding2d{.top = 1, .bottom = 1, .left = 1, .right = 1}},
        {"n2", BatchNorm{}},
        {"c1", SeparableConv2d{.filters = 8, .stride = 2}},
        {"a", average},
        {"d", three}}},
      {"v5's order, then flat",
       {12, 12, 1},
       {{"c", Conv2d{.filters = 16}},
        {"r", Activation{}},
        {"n", BatchNorm{}},
        {"p", MaxPool2d{}},
        {"c1", Conv2d{.filters = 16}},
        {"r1", Activation{}},
        {"n1", BatchNorm{}},
        {"p1", MaxPool2d{}},
        {"f", Flatten{}},
        {"d", three}}},
      {"the features flat", {5, 6, 2}, {{"f", Flatten{}}, {"d", three}}},
      {"rescaled and normalised features",
       {8, 9, 3},
       {{"s", Rescaling{.scale = {0.5F}, .offset = -0.2F}},
        {"n", Normalization{}},
        {"s1", Rescaling{.scale = {1.0F, 2.0F, 3.0F}}},
        {"z", ZeroPadding2d{.top = 1, .bottom = 1, .left = 1, .right = 1}},
        {"c", Conv2d{.filters = 8, .stride = 2, .padding = Padding::valid}},
        {"a", average},
        {"d", three}}},
      {"a gated residual block, then more readers",
       {9, 7, 3},
       {{"c", Conv2d{.filters = 12}},
        {"n", BatchNorm{}},
        {"s", Activation{Activation::Function::swish}},
        {"q", average},
        {"e", Conv2d{.filters = 5, .kernel = 1}},
        {"es", Activation{Activation::Function::swish}},
        {"e1", Conv2d{.filters = 12, .kernel = 1}},
        {"g", Activation{Activation::Function::sigmoid}},
        {"m", Multiply{}, {"s", "g"}},
        {"c1", Conv2d{.filters = 12, .bias = false}},
        {"n1", BatchNorm{}},
        {"o", Dropout{.rate = 0.2F, .whole_sample = true}},
        {"sum", Add{}, {"o", "s"}},
        {"r", Activation{}},
        {"t", Add{}, {"r", "r"}},
        {"u", Multiply{}, {"t", "s"}},
        {"a", average},
        {"d", three}}},
      {"one pixel that is read twice",
       {1, 1, 6},
       {{"c", Conv2d{.filters = 6, .kernel = 1}},
        {"a", average},
        {"m", Multiply{}, {"c", "a"}},
        {"d", three}}},
      {"several labels at once",
       {6, 6, 1},
       {{"c", Conv2d{.filters = 8, .stride = 2}}, {"a", average}, {"d", three}},
       Scores::sigmoid},
  };
  for (const Architecture& architecture : architectures) {
    for (const std::uint64_t seed : {1U, 2U}) {
      const Weights weights = random_weights(architecture, seed);
      Classifier classifier(model_of(architecture, weights), 1);
      const std::vector<float> features = noise(architecture.input, seed);
      const std::vector<double> expected = reference_scores(architecture, weights, features);
      INFO(architecture.name << ", seed " << seed);
      CHECK(largest_difference(scores_of(classifier, features, 3), expected) <= kScoreTolerance);
    }
  }
}

Model random_v6() {
  return model_of(v6_architecture(10), random_weights(v6_architecture(10), 3));
}

#ifndef EARSHOT_NO_CLONES  // the definitions are followed in double, one value at a time: minutes under
                           // sanitizers
TEST_CASE("v5, EfficientNetB0 and YAMNet say what their definitions say") {
  for (const Architecture& architecture :
       {v5_architecture(10), efficientnet_b0_architecture(10, 33, true), yamnet_architecture(521)}) {
    Architecture small = architecture;
    if (small.name == "v5") small.input = {32, 32, 1};
    if (small.name == "yamnet") small.input = {32, 32, 1};
    const Weights weights = random_weights(small, 5);
    Classifier classifier(model_of(small, weights), 2);
    const std::vector<float> features = noise(small.input, 4);
    const std::vector<double> expected = reference_scores(small, weights, features);
    INFO(small.name);
    CHECK(largest_difference(scores_of(classifier, features, expected.size()), expected) <= kScoreTolerance);
  }
}
#endif

TEST_CASE("a classifier says what the network that trained says, within 1e-5") {
  const Model model = random_v6();
  Classifier classifier(model, 1);
  Network network(model.architecture, model.weights, 1);
  for (int which = 0; which < 5; ++which) {
    std::vector<float> logits(10);
    network.infer(picture(which), 1, logits);
    std::vector<double> expected(logits.begin(), logits.end());
    const double largest = *std::max_element(expected.begin(), expected.end());
    double sum = 0.0;
    for (double& value : expected) sum += value = std::exp(value - largest);
    for (double& value : expected) value /= sum;
    INFO("picture " << which);
    CHECK(largest_difference(scores_of(classifier, picture(which), 10), expected) <= kScoreTolerance);
  }
}

TEST_CASE("a network of nothing that computes gives its features as logits") {
  const Architecture architecture{"nothing", {1, 1, 3}, {{"dropout", Dropout{0.5F}}}};
  Classifier classifier(model_of(architecture, {}), 1);
  const std::vector<float> logits{0.5F, -1.0F, 2.0F};
  const std::vector<float> scores = scores_of(classifier, logits, 3);
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(scores[i] == Approx(std::exp(static_cast<double>(logits[i])) / sum).margin(1e-6));
}

TEST_CASE("the same input gives the same bits, in every instance and whatever came before") {
  const Model model = random_v6();
  Classifier first(model, 1);
  Classifier second(model, 1);
  const std::vector<float> once = scores_of(first, picture(1), 10);
  for (int which = 0; which < 5; ++which) scores_of(first, picture(which), 10);
  CHECK(scores_of(first, picture(1), 10) == once);
  CHECK(scores_of(second, picture(1), 10) == once);
}

TEST_CASE("the same input gives the same bits wherever in memory it lies, and is left as it was") {
  Classifier classifier(random_v6(), 1);
  const std::vector<float> features = picture(2);
  const std::vector<float> expected = scores_of(classifier, features, 10);
  std::vector<float> room(features.size() + 16);
  for (std::size_t offset = 0; offset < 16; ++offset) {
    std::copy(features.begin(), features.end(), room.begin() + static_cast<std::ptrdiff_t>(offset));
    const std::span<const float> moved = std::span(room).subspan(offset, features.size());
    CHECK(scores_of(classifier, moved, 10) == expected);
    CHECK(std::equal(moved.begin(), moved.end(), features.begin()));
  }
}

TEST_CASE("a classifier made by one thread runs in another, and after being moved") {
  Classifier made(random_v6(), 1);
  const std::vector<float> expected = scores_of(made, picture(0), 10);
  Classifier classifier = std::move(made);
  std::vector<float> scores;
  std::jthread([&] { scores = scores_of(classifier, picture(0), 10); }).join();
  CHECK(scores == expected);
}

TEST_CASE("classifying allocates nothing of ours") {
  REQUIRE(AllocationGuard::ignore_library("libdnnl"));
  Classifier classifier(random_v6(), 1);
  const std::vector<float> features = picture(1);
  std::vector<float> scores(10);
  REQUIRE(classifier.classify(features, scores));
  const AllocationGuard guard;
  const bool classified = classifier.classify(features, scores);
  const std::size_t allocations = guard.allocations();
  CHECK(classified);
  CHECK(allocations == 0);
}

TEST_CASE("features or scores of another size than the model's are refused, and no score is written") {
  Classifier classifier(random_v6(), 1);
  const std::vector<float> features = picture(1);
  std::vector<float> scores(10, -1.0F);
  CHECK_FALSE(classifier.classify(std::span(features).first(features.size() - 1), scores));
  CHECK_FALSE(classifier.classify(features, std::span(scores).first(9)));
  CHECK(scores == std::vector<float>(10, -1.0F));
  CHECK(classifier.classify(features, scores));
}

TEST_CASE("scores are probabilities, softened by the temperature") {
  Model model = random_v6();
  Classifier plain(model, 1);
  model.temperature = 4.0F;
  Classifier soft(model, 1);
  const std::vector<float> sharp_scores = scores_of(plain, picture(1), 10);
  const std::vector<float> soft_scores = scores_of(soft, picture(1), 10);
  double sum = 0.0;
  double sum_of_roots = 0.0;
  for (const float score : sharp_scores) {
    CHECK(score >= 0.0F);
    sum += static_cast<double>(score);
    sum_of_roots += std::pow(static_cast<double>(score), 0.25);
  }
  CHECK(sum == Approx(1.0).margin(1e-6));
  for (std::size_t i = 0; i < 10; ++i) {
    const double root = std::pow(static_cast<double>(sharp_scores[i]), 0.25);
    CHECK(static_cast<double>(soft_scores[i]) == Approx(root / sum_of_roots).margin(1e-5));
  }
}

TEST_CASE("logits too large for an exponential still give probabilities") {
  const Architecture architecture{"loud", {1, 1, 2}, {{"d", Dense{.units = 3}}}};
  const Weights weights = {{"d/kernel", {{2, 3}, {1e30F, -1e30F, 0.0F, 1e30F, -1e30F, 0.0F}}},
                           {"d/bias", {{3}, {0.0F, 0.0F, 0.0F}}}};
  Classifier classifier(model_of(architecture, weights), 1);
  const std::vector<float> features = {1.0F, 1.0F};
  CHECK(scores_of(classifier, features, 3) == std::vector<float>{1.0F, 0.0F, 0.0F});
}

TEST_CASE("classifiers that share a network say what one alone says, at the same time, too") {
  const Model model = random_v6();
  Classifier alone(model, 1);
  const std::shared_ptr<const PreparedNetwork> network = prepare_network(model);
  std::array<std::vector<float>, 3> found;
  std::vector<std::jthread> threads;
  for (std::vector<float>& scores : found) {
    threads.emplace_back([&scores, &network] {
      Classifier sharing(network, 1);
      scores.resize(10);
      for (int round = 0; round < 3; ++round) {
        if (!sharing.classify(picture(round), scores)) scores.clear();
      }
    });
  }
  threads.clear();
  const std::vector<float> expected = scores_of(alone, picture(2), 10);
  for (const std::vector<float>& scores : found) CHECK(scores == expected);
}

TEST_CASE("weights that do not fit and thread counts without sense are refused") {
  Model model = random_v6();
  CHECK_THROWS_AS(Classifier(model, 0), Error);
  Model enormous = model;
  enormous.weights.at("batch_normalization_1/gamma").values[3] = 1e38F;
  enormous.weights.at("batch_normalization_1/moving_variance").values[3] = 0.0F;
  CHECK_THROWS_WITH(Classifier(enormous, 1), Catch::Contains("layer 'batch_normalization_1'"));
  model.weights.erase("dense/bias");
  CHECK_THROWS_AS(Classifier(model, 1), Error);
}

}  // namespace
}  // namespace earshot::test
