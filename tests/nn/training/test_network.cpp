// Network as a whole: what must not depend on batch, threads or history.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "nn/model/Weights.h"
#include "nn/training/Network.h"

namespace earshot::test {
namespace {

constexpr std::size_t kClasses = 4;

/// Odd sizes, every kind of layer.
Architecture small_architecture() {
  return {.name = "small",
          .input = {21, 17, 1},
          .layers = {{"conv", Conv2d{.filters = 16}},
                     {"conv_norm", BatchNorm{}},
                     {"conv_relu", LeakyRelu{}},
                     {"wide", Conv2d{.filters = 32}},
                     {"wide_norm", BatchNorm{}},
                     {"wide_relu", LeakyRelu{}},
                     {"pool", MaxPool2d{}},
                     {"drop", Dropout{.rate = 0.2F}},
                     {"separable", SeparableConv2d{.filters = 24}},
                     {"separable_norm", BatchNorm{}},
                     {"separable_relu", LeakyRelu{}},
                     {"average", GlobalAveragePool2d{}},
                     {"dense", Dense{.units = 9, .l2 = 0.01F}},
                     {"dense_norm", BatchNorm{}},
                     {"dense_relu", LeakyRelu{}},
                     {"logits", Dense{.units = static_cast<int>(kClasses)}}}};
}

struct Batch {
  explicit Batch(std::size_t samples, std::uint64_t key = 1)
      : n(samples), images(n * 21 * 17), keys(n), gradients(n * kClasses) {
    KeyedRandom random(key);
    for (float& value : images) value = static_cast<float>(random.uniform());
    for (std::uint64_t& own : keys) own = random.bits();
    for (float& value : gradients) value = static_cast<float>(random.uniform(-1.0, 1.0));
  }
  std::size_t n;
  std::vector<float> images;
  std::vector<std::uint64_t> keys;
  std::vector<float> gradients;
};

struct Outcome {
  std::vector<float> logits;
  std::vector<float> gradients;
  Weights weights;
  bool operator==(const Outcome&) const = default;
};

Outcome step(Network& network, const Batch& batch) {
  Outcome outcome;
  outcome.logits.resize(batch.n * kClasses);
  network.forward(batch.images, batch.keys, outcome.logits);
  network.backward(batch.gradients);
  for (const Parameter& parameter : network.parameters()) {
    outcome.gradients.insert(outcome.gradients.end(), parameter.gradient.begin(), parameter.gradient.end());
  }
  outcome.weights = network.weights();
  return outcome;
}

Network fresh(int threads) {
  const Architecture architecture = small_architecture();
  return {architecture, initial_weights(architecture, 5), threads};
}

std::vector<float> infer(Network& network, std::span<const float> images, std::size_t n) {
  std::vector<float> logits(n * kClasses);
  network.infer(images, n, logits);
  return logits;
}

}  // namespace

TEST_CASE("The same steps on the same threads give the same bits") {
  for (const int threads : {1, 2, 3}) {
    Network first = fresh(threads);
    Network second = fresh(threads);
    for (std::uint64_t key = 1; key <= 3; ++key)
      CHECK(step(first, Batch(5, key)) == step(second, Batch(5, key)));
  }
}

TEST_CASE("Spans of another size than the network's are refused in every build") {
  const Batch batch(3);
  Network network = fresh(2);
  std::vector<float> logits(batch.n * kClasses);
  const std::span<const float> images = batch.images;
  const auto refused = [](auto call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code() == ExitCode::software;
    }
    return false;
  };
  CHECK(refused([&] { network.infer(images.first(images.size() - 1), batch.n, logits); }));
  CHECK(refused([&] { network.forward(images, batch.keys, std::span(logits).first(1)); }));
  network.forward(images, batch.keys, logits);
  CHECK(refused([&] { network.backward(std::span<const float>(batch.gradients).first(1)); }));
}

TEST_CASE("A batch leaves nothing behind: a smaller one after it gives what a fresh network gives") {
  Network used = fresh(2);
  step(used, Batch(7, 2));
  used.set_weights(fresh(2).weights());
  Network unused = fresh(2);
  CHECK(step(used, Batch(3)) == step(unused, Batch(3)));
}

TEST_CASE("Inference gives a sample the same bits alone, in any batch, on any number of threads") {
  const Batch batch(5);
  Network network = fresh(2);
  step(network, batch);
  const std::vector<float> together = infer(network, batch.images, batch.n);
  Network other(network.architecture(), network.weights(), 3);
  CHECK(infer(other, batch.images, batch.n) == together);
  for (std::size_t i = 0; i < batch.n; ++i) {
    const std::size_t size = network.architecture().input.size();
    const std::vector<float> alone = infer(network, std::span(batch.images).subspan(i * size, size), 1);
    CHECK(
        std::equal(alone.begin(), alone.end(), together.begin() + static_cast<std::ptrdiff_t>(i * kClasses)));
  }
}

TEST_CASE("Inference changes nothing") {
  Network network = fresh(2);
  const Weights before = network.weights();
  infer(network, Batch(2).images, 2);
  CHECK(network.weights() == before);
}

TEST_CASE("Changed parameters count from the next forward on, and weights come back as they were set") {
  Network network = fresh(1);
  const Batch batch(2);
  const std::vector<float> before = infer(network, batch.images, batch.n);
  for (const Parameter& parameter : network.parameters()) {
    if (parameter.spec->name == "logits/bias") std::ranges::fill(parameter.value, 3.0F);
  }
  const std::vector<float> after = infer(network, batch.images, batch.n);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(after[i] == Approx(before[i] + 3.0F));

  const Weights other = initial_weights(network.architecture(), 6);
  network.set_weights(other);
  CHECK(network.weights() == other);
}

TEST_CASE("Parameters come in the order of parameter_specs, trainable ones only") {
  Network network = fresh(1);
  std::vector<std::string> expected;
  for (const ParameterSpec& spec : parameter_specs(network.architecture())) {
    if (spec.trainable) expected.push_back(spec.name);
  }
  std::vector<std::string> found;
  for (const Parameter& parameter : network.parameters()) found.push_back(parameter.spec->name);
  CHECK(found == expected);
}

TEST_CASE("Weights that do not fit are refused") {
  const Architecture architecture = small_architecture();
  Weights weights = initial_weights(architecture, 1);
  weights.erase("conv/bias");
  CHECK_THROWS_AS(Network(architecture, weights, 1), Error);
  Network network = fresh(1);
  CHECK_THROWS_AS(network.set_weights(weights), Error);
}

}  // namespace earshot::test
