// Network, layer by layer: values worked out by hand, and the laws of dropout and running statistics.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nn/model/Weights.h"
#include "nn/training/Network.h"

namespace earshot::test {
namespace {

/// Layers named a, b, c, ...
Architecture network_of(FeatureShape input, std::vector<LayerKind> kinds) {
  Architecture architecture{.name = "test", .input = input, .layers = {}};
  char name = 'a';
  for (LayerKind& kind : kinds) architecture.layers.push_back({std::string(1, name++), std::move(kind)});
  return architecture;
}

/// Initial weights, with the tensors named replaced.
Network network_with(const Architecture& architecture,
                     const std::map<std::string, std::vector<float>>& values) {
  Weights weights = initial_weights(architecture, 1);
  for (const auto& [name, tensor] : values) weights.at(name).values = tensor;
  return {architecture, weights, 1};
}

std::vector<float> trained_forward(Network& network, const std::vector<float>& images,
                                   std::vector<std::uint64_t> keys) {
  std::vector<float> logits(keys.size() * static_cast<std::size_t>(class_count(network.architecture())));
  network.forward(images, keys, logits);
  return logits;
}

std::vector<float> inferred(Network& network, const std::vector<float>& images, std::size_t n) {
  std::vector<float> logits(n * static_cast<std::size_t>(class_count(network.architecture())));
  network.infer(images, n, logits);
  return logits;
}

std::vector<float> gradient_of(Network& network, const std::string& name) {
  for (const Parameter& parameter : network.parameters()) {
    if (parameter.spec->name == name) return {parameter.gradient.begin(), parameter.gradient.end()};
  }
  FAIL("no parameter " << name);
  return {};
}

void check_near(const std::vector<float>& found, const std::vector<float>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("value " << i);
    CHECK(found[i] == Approx(expected[i]).epsilon(1e-5).margin(1e-6));
  }
}

}  // namespace

TEST_CASE("A convolution correlates with zeros beyond the edge and adds its bias") {
  // By hand: 77, 67, 47, 37, each plus 0.5.
  const std::vector<float> image = {1, 2, 3, 4};
  const std::vector<float> kernel = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  Network mean = network_with(network_of({2, 2, 1}, {Conv2d{.filters = 1}, GlobalAveragePool2d{}}),
                              {{"a/kernel", kernel}, {"a/bias", {0.5F}}});
  check_near(inferred(mean, image, 1), {57.5F});
  Network highest = network_with(network_of({2, 2, 1}, {Conv2d{.filters = 1}, MaxPool2d{}}),
                                 {{"a/kernel", kernel}, {"a/bias", {0.5F}}});
  check_near(trained_forward(highest, image, {0}), {77.5F});

  trained_forward(mean, image, {0});
  mean.backward(std::vector<float>{4.0F});
  // Element (i, j) sees the image shifted by (i - 1, j - 1).
  check_near(gradient_of(mean, "a/kernel"), {1, 3, 2, 4, 10, 6, 3, 7, 4});
  check_near(gradient_of(mean, "a/bias"), {4});
}

TEST_CASE("A separable convolution is depthwise, then pointwise, then one bias") {
  std::vector<float> depthwise(18,
                               7.0F);  // kernel row, kernel column, channel: only the centre meets the image
  depthwise[8] = 10.0F;
  depthwise[9] = 100.0F;
  Network network = network_with(
      network_of({1, 1, 2}, {SeparableConv2d{.filters = 2}}),
      {{"a/depthwise_kernel", depthwise}, {"a/pointwise_kernel", {1, 2, 3, 4}}, {"a/bias", {0.5F, -0.5F}}});
  check_near(trained_forward(network, {2, 3}, {0}), {920.5F, 1239.5F});
  network.backward(std::vector<float>{1.0F, 0.0F});
  check_near(gradient_of(network, "a/pointwise_kernel"), {20, 0, 300, 0});
  std::vector<float> expected(18, 0.0F);
  expected[8] = 2.0F;
  expected[9] = 9.0F;
  check_near(gradient_of(network, "a/depthwise_kernel"), expected);
}

TEST_CASE("BatchNorm uses the batch's biased variance and moves the running statistics towards it") {
  Network network = network_with(network_of({1, 1, 1}, {BatchNorm{.momentum = 0.9F, .epsilon = 0.25F}}),
                                 {{"a/gamma", {2.0F}}, {"a/beta", {1.0F}}});
  // By hand: mean 3.25, variance 2.1875 + 0.25 = 2.4375.
  const float unit = 2.0F / std::sqrt(2.4375F);
  check_near(trained_forward(network, {1, 5, 3, 4}, {0, 0, 0, 0}),
             {1 - 2.25F * unit, 1 + 1.75F * unit, 1 - 0.25F * unit, 1 + 0.75F * unit});
  const Weights after = network.weights();
  check_near(after.at("a/moving_mean").values, {0.325F});
  check_near(after.at("a/moving_variance").values, {1.11875F});
  check_near(inferred(network, {0.325F}, 1), {1.0F});

  network.backward(std::vector<float>{1.0F, 0.0F, 0.0F, 1.0F});
  check_near(gradient_of(network, "a/beta"), {2.0F});
  check_near(gradient_of(network, "a/gamma"), {(-2.25F + 0.75F) / std::sqrt(2.4375F)});
}

TEST_CASE("After training steps without momentum, inference repeats what training saw") {
  const Architecture architecture =
      network_of({5, 7, 1}, {Conv2d{.filters = 18}, BatchNorm{.momentum = 0.0F}, LeakyRelu{},
                             GlobalAveragePool2d{}, Dense{.units = 3}});
  Network network(architecture, initial_weights(architecture, 3), 2);
  std::vector<float> images(3 * 35);
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<float>(i * 37 % 101) / 50.0F;
  const std::vector<float> trained = trained_forward(network, images, {1, 2, 3});
  check_near(inferred(network, images, 3), trained);
}

TEST_CASE("LeakyReLU keeps what is positive and scales what is negative") {
  Network network = network_with(network_of({1, 1, 3}, {LeakyRelu{.slope = 0.25F}}), {});
  check_near(inferred(network, {2.0F, -2.0F, 0.0F}, 1), {2.0F, -0.5F, 0.0F});
}

TEST_CASE("Max pooling takes whole windows only, and after a negative gamma the smallest") {
  const std::vector<float> image = {1, 5, 90, 2, 3, 91, 92, 93, 94};
  Network plain = network_with(network_of({3, 3, 1}, {MaxPool2d{}}), {});
  check_near(inferred(plain, image, 1), {5.0F});
  Network negative = network_with(network_of({3, 3, 1}, {BatchNorm{.epsilon = 1e-6F}, MaxPool2d{}}),
                                  {{"a/gamma", {-1.0F}}, {"a/moving_mean", {4.0F}}});
  check_near(inferred(negative, image, 1), {3.0F});  // -(1 - 4)
}

TEST_CASE("The gradient of a max goes to the first of equal values") {
  Network network = network_with(network_of({2, 2, 1}, {Conv2d{.filters = 1, .kernel = 1}, MaxPool2d{}}),
                                 {{"a/kernel", {1.0F}}});
  trained_forward(network, {2, 2, 1, 2}, {0});
  network.backward(std::vector<float>{1.0F});
  check_near(gradient_of(network, "a/bias"), {1.0F});
  check_near(gradient_of(network, "a/kernel"), {2.0F});
}

TEST_CASE("Global average pooling is the mean of each channel") {
  Network network = network_with(network_of({2, 2, 2}, {GlobalAveragePool2d{}}), {});
  check_near(inferred(network, {1, 10, 2, 20, 3, 30, 6, 40}, 1), {3.0F, 25.0F});
}

TEST_CASE("A dense layer multiplies by its kernel, inputs by units, and counts its L2 apart") {
  Network network = network_with(network_of({1, 1, 2}, {Dense{.units = 3, .l2 = 0.5F}}),
                                 {{"a/kernel", {1, 2, 3, 4, 5, 6}}, {"a/bias", {10, 20, 30}}});
  check_near(trained_forward(network, {2, 3}, {0}), {24, 39, 54});
  network.backward(std::vector<float>{1, 0, 2});
  check_near(gradient_of(network, "a/kernel"), {2, 0, 4, 3, 0, 6});
  check_near(gradient_of(network, "a/bias"), {1, 0, 2});
  CHECK(network.l2_penalty() == Approx(45.5));
}

TEST_CASE("Dropout drops its rate, scales what it keeps, and does nothing at inference") {
  constexpr std::size_t kValues = 20000;
  Network network = network_with(network_of({1, 1, kValues}, {Dropout{.rate = 0.3F}}), {});
  const std::vector<float> ones(kValues, 1.0F);
  const std::vector<float> dropped = trained_forward(network, ones, {5});
  const auto zeros = std::count(dropped.begin(), dropped.end(), 0.0F);
  // Binomial: 6000 with a deviation of 65.
  CHECK(std::abs(static_cast<double>(zeros) - 6000.0) < 5 * 65.0);
  for (const float value : dropped) CHECK_FALSE((value != 0.0F && value != Approx(1.0F / 0.7F)));
  check_near(inferred(network, ones, 1), ones);
}

TEST_CASE("A sample's dropout depends on its key and layer, not on the batch around it") {
  constexpr std::size_t kValues = 400;
  const Architecture architecture = network_of({1, 1, kValues}, {Dropout{.rate = 0.5F}});
  Network network(architecture, {}, 2);
  const std::vector<float> alone = trained_forward(network, std::vector<float>(kValues, 1.0F), {7});
  const std::vector<float> batch = trained_forward(network, std::vector<float>(3 * kValues, 1.0F), {8, 9, 7});
  CHECK(std::equal(alone.begin(), alone.end(), batch.begin() + 2 * kValues));
  CHECK_FALSE(std::equal(alone.begin(), alone.end(), batch.begin()));

  // Two such layers drop independently: what survives both is about a quarter.
  Network twice(network_of({1, 1, kValues}, {Dropout{.rate = 0.5F}, Dropout{.rate = 0.5F}}), {}, 2);
  const std::vector<float> left = trained_forward(twice, std::vector<float>(kValues, 1.0F), {7});
  const auto kept = std::count_if(left.begin(), left.end(), [](float value) { return value > 0.0F; });
  CHECK(std::abs(static_cast<double>(kept) - 100.0) < 5 * 8.7);
}

}  // namespace earshot::test
