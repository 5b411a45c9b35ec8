// Networks of depthwise and pointwise convolutions: recognised, and run several patches at once.
#include "nn/inference/SeparablePlan.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/KeyedRandom.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/SixteenBits.h"
#include "tests/support/AllocationGuard.h"
#include "tests/support/ReferenceInference.h"

namespace earshot::test {
namespace {

Architecture small_yamnet(int classes) {
  Architecture architecture = yamnet_architecture(classes);
  architecture.input = {32, 32, 1};
  return architecture;
}

std::vector<float> random_patches(const Architecture& architecture, std::size_t patches) {
  KeyedRandom random(7);
  std::vector<float> features(architecture.input.size() * patches);
  for (float& value : features) value = static_cast<float>(random.uniform(-1.0, 1.0));
  return features;
}

struct Separable {
  explicit Separable(const Architecture& architecture, const Weights& weights)
      : network(fuse(architecture, weights)), plan(network), values(architecture.input.size()) {}

  std::vector<float> logits(std::span<const float> features, std::size_t classes) {
    const std::size_t patches = features.size() / values;
    const float* rows = plan.run(features.data(), patches);
    std::vector<float> all;
    for (std::size_t patch = 0; patch < patches; ++patch)
      all.insert(all.end(), rows + patch * plan.logits_stride(), rows + patch * plan.logits_stride() + classes);
    return all;
  }

  SeparableNetwork network;
  SeparablePlan plan;
  std::size_t values;
};

bool is_separable(Architecture architecture) {
  return SeparableNetwork::can_be(fuse(architecture, initial_weights(architecture, 1)));
}

}  // namespace

TEST_CASE("YAMNet is separable; what branches, pools by maximum or has no depthwise convolution is not") {
  CHECK(is_separable(small_yamnet(521)));
  CHECK_FALSE(is_separable(v6_architecture(10)));
  CHECK_FALSE(is_separable(v5_architecture(10)));
  CHECK_FALSE(is_separable(efficientnet_b0_architecture(10, 33, true)));
  Architecture pooled = small_yamnet(3);
  pooled.layers.insert(pooled.layers.begin() + 3, {"pool", MaxPool2d{.size = 2}});
  CHECK_FALSE(is_separable(pooled));
}

TEST_CASE("a patch gives the same bits alone, among others and wherever it stands") {
  const Architecture architecture = small_yamnet(521);
  Separable separable(architecture, initial_weights(architecture, 3));
  const std::vector<float> features = random_patches(architecture, SeparablePlan::kMostPatches);
  for (std::size_t patches = 2; patches <= SeparablePlan::kMostPatches; ++patches) {
    const std::vector<float> together =
        separable.logits(std::span(features).first(patches * separable.values), 521);
    for (std::size_t patch = 0; patch < patches; ++patch) {
      const std::vector<float> alone =
          separable.logits(std::span(features).subspan(patch * separable.values, separable.values), 521);
      CHECK(std::ranges::equal(alone, std::span(together).subspan(patch * 521, 521)));
    }
  }
}

TEST_CASE("kernels of 16 bits, kept as such where pixels are few, give what their values give") {
  const Architecture architecture = small_yamnet(521);
  Weights weights = initial_weights(architecture, 6);
  for (auto& [name, tensor] : weights) round_to_sixteen_bits(tensor);
  const FusedLayer last = fuse(architecture, weights).back();
  REQUIRE(last.steps.size() == 521);
  for (std::size_t i = 0; i < last.weights.size(); ++i) {
    const double number = static_cast<double>(last.weights[i]) / last.steps[i / (last.weights.size() / 521)];
    if (std::abs(number - std::round(number)) > 0.01 || std::abs(number) > 32767.01) FAIL(number);
  }
  Separable separable(architecture, weights);
  const std::vector<float> features = random_patches(architecture, 3);
  const std::vector<float> together = separable.logits(features, 521);
  const std::vector<float> alone = separable.logits(std::span(features).first(separable.values), 521);
  CHECK(std::ranges::equal(alone, std::span(together).first(521)));
  const std::vector<double> expected =
      reference_scores(architecture, weights, std::span(features).first(separable.values));
  double worst = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    worst = std::max(worst, std::abs(1.0 / (1.0 + std::exp(-static_cast<double>(alone[i]))) - expected[i]));
  CHECK(worst <= 1e-5);
}

TEST_CASE("the number of outputs changes no bit of those that stay") {
  const Architecture many = small_yamnet(521);
  const Architecture few = small_yamnet(7);
  const Weights weights = initial_weights(many, 4);
  Weights cut = weights;
  for (auto& [name, tensor] : cut) {
    if (!name.ends_with("dense/kernel") && !name.ends_with("dense/bias")) continue;
    std::vector<float> kept;
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      if (i % 521 < 7) kept.push_back(tensor.values[i]);
    }
    tensor.values = kept;
    tensor.shape.back() = 7;
  }
  const std::vector<float> features = random_patches(many, 1);
  const std::vector<float> all = Separable(many, weights).logits(features, 521);
  const std::vector<float> some = Separable(few, cut).logits(features, 7);
  CHECK(std::ranges::equal(some, std::span(all).first(7)));
}

TEST_CASE("running patches allocates nothing") {
  const Architecture architecture = small_yamnet(11);
  Separable separable(architecture, initial_weights(architecture, 3));
  const std::vector<float> features = random_patches(architecture, SeparablePlan::kMostPatches);
  const AllocationGuard guard;
  separable.plan.run(features.data(), SeparablePlan::kMostPatches);
  separable.plan.run(features.data(), 1);
  CHECK(guard.allocations() == 0);
}

}  // namespace earshot::test
