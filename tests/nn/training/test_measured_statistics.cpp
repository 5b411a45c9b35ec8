// BatchNorm's statistics measured anew: what they are, and what measuring leaves alone.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "nn/kernels/Processor.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Weights.h"
#include "nn/training/Network.h"
#include "tests/support/Skip.h"

namespace earshot::test {
namespace {

std::vector<float> pictures_to_measure(const Architecture& architecture, std::size_t n, std::uint64_t key = 3) {
  KeyedRandom random(key);
  std::vector<float> images(n * architecture.input.size());
  for (float& value : images) value = static_cast<float>(random.uniform(2.0, 5.0));
  return images;
}

/// In batches of `batch`, the last one of what is left.
void measure_in_batches(Network& network, const std::vector<float>& images, std::size_t batch) {
  const std::size_t size = network.architecture().input.size() * batch;
  network.measure_statistics((images.size() + size - 1) / size, [&](std::size_t b) {
    return std::span(images).subspan(b * size, std::min(size, images.size() - b * size));
  });
}

/// Odd sizes, every kind of layer that an epilogue is made of, a merge, and a dense layer that takes a batch.
Architecture measured_kinds() {
  return {.name = "kinds",
          .input = {13, 11, 1},
          .layers = {{"conv", Conv2d{.filters = 16}},
                     {"conv_norm", BatchNorm{}},
                     {"conv_relu", LeakyRelu{}},
                     {"separable", SeparableConv2d{.filters = 16}},
                     {"separable_norm", BatchNorm{}},
                     {"swish", Activation{.function = Activation::Function::swish}},
                     {"sum", Add{}, {"swish", "conv_relu"}},
                     {"sum_norm", BatchNorm{.scale = false}},
                     {"pool", MaxPool2d{}},
                     {"drop", Dropout{.rate = 0.0F}},
                     {"average", GlobalAveragePool2d{}},
                     {"dense", Dense{.units = 512}},
                     {"dense_norm", BatchNorm{}},
                     {"dense_relu", LeakyRelu{}},
                     {"large", Dense{.units = 512}},
                     {"large_norm", BatchNorm{}},
                     {"logits", Dense{.units = 3}}}};
}

bool is_statistic(const std::string& tensor) {
  return tensor.ends_with("/moving_mean") || tensor.ends_with("/moving_variance");
}

}  // namespace

TEST_CASE("Measured statistics are mean and variance of all that a layer is given, whatever the batches") {
  const Architecture architecture{
      "one", {3, 2, 2}, {{"norm", BatchNorm{}}, {"flat", Flatten{}}, {"logits", Dense{2}}}};
  const std::vector<float> images = pictures_to_measure(architecture, 5);
  Network network(architecture, initial_weights(architecture, 1), 2);
  measure_in_batches(network, images, 2);  // of 2, 2 and 1
  const Weights measured = network.weights();
  for (std::size_t channel = 0; channel < 2; ++channel) {
    double sum = 0.0;
    double squares = 0.0;
    for (std::size_t i = channel; i < images.size(); i += 2) sum += static_cast<double>(images[i]) / 30.0;
    for (std::size_t i = channel; i < images.size(); i += 2) {
      squares += std::pow(static_cast<double>(images[i]) - sum, 2.0) / 30.0;
    }
    CHECK(measured.at("norm/moving_mean").values[channel] == Approx(sum).epsilon(1e-6));
    CHECK(measured.at("norm/moving_variance").values[channel] == Approx(squares).epsilon(1e-6));
  }
}

TEST_CASE("A layer behind another is measured as that one's batches leave it, without dropout") {
  // Two pictures of one pixel a batch: x -> norm, ReLU -> 3 z + 1 -> dropout -> second norm. Of two values, the
  // larger is 1 and the smaller -1 once normalised (epsilon is next to nothing): 3 + 1 and 0 + 1 in each batch.
  const Architecture architecture{"two",
                                  {1, 1, 1},
                                  {{"norm", BatchNorm{.epsilon = 1e-12F}},
                                   {"relu", LeakyRelu{.slope = 0.0F}},
                                   {"flat", Flatten{}},
                                   {"dense", Dense{.units = 1}},
                                   {"drop", Dropout{.rate = 0.5F}},
                                   {"second", BatchNorm{}},
                                   {"logits", Dense{.units = 1}}}};
  Weights weights = initial_weights(architecture, 1);
  weights.at("dense/kernel").values = {3.0F};
  weights.at("dense/bias").values = {1.0F};
  Network network(architecture, weights, 1);
  measure_in_batches(network, {10.0F, 20.0F, -3.0F, -7.0F}, 2);
  const Weights measured = network.weights();
  CHECK(measured.at("norm/moving_mean").values[0] == 5.0F);
  CHECK(measured.at("norm/moving_variance").values[0] == Approx((25.0 + 225.0 + 64.0 + 144.0) / 4.0));
  CHECK(measured.at("second/moving_mean").values[0] == Approx(2.5));
  CHECK(measured.at("second/moving_variance").values[0] == Approx(2.25));
}

TEST_CASE("With statistics measured over one batch, inference gives what training gave of it") {
  const Architecture architecture = measured_kinds();
  constexpr std::size_t kPictures = 6;
  const std::vector<float> images = pictures_to_measure(architecture, kPictures);
  const std::vector<std::uint64_t> keys(kPictures);
  std::vector<float> trained(kPictures * 3);
  std::vector<float> inferred(kPictures * 3);
  Network network(architecture, initial_weights(architecture, 5), 2);
  network.forward(images, keys, trained);
  measure_in_batches(network, images, kPictures);
  network.infer(images, kPictures, inferred);
  for (std::size_t i = 0; i < trained.size(); ++i) CHECK(inferred[i] == Approx(trained[i]).margin(1e-4));
}

TEST_CASE("Measuring changes statistics alone, and asks for nothing but weights and pictures") {
  const Architecture architecture = measured_kinds();
  const std::vector<float> images = pictures_to_measure(architecture, 7);
  const Weights fresh = initial_weights(architecture, 5);
  Network network(architecture, fresh, 2);
  measure_in_batches(network, images, 3);
  const Weights measured = network.weights();
  for (const auto& [name, tensor] : measured) {
    INFO(name);
    CHECK((tensor == fresh.at(name)) == !is_statistic(name));
  }
  // Whatever the statistics were, a step or another batch before, and more threads.
  std::vector<float> logits(7 * 3);
  network.forward(images, std::vector<std::uint64_t>(7), logits);
  network.backward(logits);
  CHECK(network.weights() != measured);
  measure_in_batches(network, images, 3);
  CHECK(network.weights() == measured);
  Network other(architecture, fresh, 3);
  measure_in_batches(other, images, 3);
  CHECK(other.weights() == measured);
}

TEST_CASE("Frozen layers keep their statistics while those behind them are measured") {
  const Architecture architecture = measured_kinds();
  const std::vector<float> images = pictures_to_measure(architecture, 4);
  const Weights fresh = initial_weights(architecture, 5);
  Network network(architecture, fresh, 2, 11);  // up to the average
  measure_in_batches(network, images, 2);
  const Weights measured = network.weights();
  for (const auto& [name, tensor] : measured) {
    INFO(name);
    const bool behind = name.starts_with("dense") || name.starts_with("large");
    CHECK((tensor == fresh.at(name)) == !(is_statistic(name) && behind));
  }
  Network all_frozen(architecture, fresh, 2, 16);  // all but the logits: no picture is asked for
  all_frozen.measure_statistics(
      1, [](std::size_t) -> std::span<const float> { throw Error(ExitCode::io, "gone"); });
  CHECK(all_frozen.weights() == fresh);
}

TEST_CASE("What cannot be read, or is no picture, ends measuring with the statistics as they were") {
  const Architecture architecture = measured_kinds();
  const std::vector<float> images = pictures_to_measure(architecture, 4);
  const Weights fresh = initial_weights(architecture, 5);
  Network network(architecture, fresh, 2);
  const auto measure = [&](std::size_t floats) {
    network.measure_statistics(2, [&](std::size_t b) -> std::span<const float> {
      return std::span(images).first(b == 0 ? images.size() : floats);
    });
  };
  CHECK_THROWS_AS(measure(0), Error);
  CHECK_THROWS_AS(measure(images.size() - 1), Error);
  CHECK(network.weights() == fresh);
}

TEST_CASE("Statistics are measured in floats whatever the precision of training, as inference computes") {
  if (!has_avx512()) {
    skip("no AVX-512, or ONEDNN_MAX_CPU_ISA forbids it");
    return;
  }
  Architecture architecture = v6_architecture(3);
  architecture.input = {32, 32, 1};
  const std::vector<float> images = pictures_to_measure(architecture, 4);
  const Weights fresh = initial_weights(architecture, 5);
  Network floats(architecture, fresh, 1);
  Network rounding(architecture, fresh, 1, 0, Precision::bf16);
  measure_in_batches(floats, images, 2);
  measure_in_batches(rounding, images, 2);
  CHECK(rounding.weights() == floats.weights());
}

}  // namespace earshot::test
