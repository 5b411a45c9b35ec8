// Training in bfloat16: how values are rounded, what is rounded and what is not.


#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "nn/kernels/Bfloat16.h"
#include "nn/kernels/Dnnl.h"
#include "nn/kernels/Processor.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Weights.h"
#include "nn/training/Network.h"
#include "tests/support/Skip.h"
#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace earshot::test {
namespace {

bool absent() {
  if (has_avx512()) return false;
  skip("no AVX-512, or ONEDNN_MAX_CPU_ISA forbids it");
  return true;
}

std::vector<float> uniform_values(std::size_t count, std::uint64_t key, double low, double high) {
  KeyedRandom random(key);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.uniform(low, high));
  return values;
}

float as_float(Bfloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

/// Rounded to bfloat16 and back.
void round_all(std::span<float> values) {
  const std::size_t whole = (values.size() + 15) / 16 * 16;
  const onednn::Buffer padded(whole * sizeof(float));
  const onednn::Buffer rounded(whole * sizeof(Bfloat16));
  std::ranges::copy(values, padded.floats());
  round_to_bfloat16({padded.floats(), whole}, rounded.bfloat16s());
  std::transform(rounded.bfloat16s(), rounded.bfloat16s() + values.size(), values.begin(), as_float);
}

struct Step {
  std::vector<float> logits;
  std::vector<std::vector<float>> gradients;  ///< by parameter
};

Step step(Network& network, std::span<const float> images, std::span<const float> logit_gradients,
          std::size_t n) {
  const std::size_t logits = n * static_cast<std::size_t>(class_count(network.architecture()));
  std::vector<std::uint64_t> keys(n);
  for (std::size_t i = 0; i < n; ++i) keys[i] = 100 + i;
  Step result{.logits = std::vector<float>(logits), .gradients = {}};
  network.forward(images, keys, result.logits);
  network.backward(logit_gradients);
  for (const Parameter& parameter : network.parameters())
    result.gradients.emplace_back(parameter.gradient.begin(), parameter.gradient.end());
  return result;
}

double distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double off = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += off * off;
  }
  return std::sqrt(sum);
}

double length(std::span<const float> values) {
  return distance(values, std::vector<float>(values.size(), 0.0F));
}

/// Three channels, so that the convolution is none that reads an image as it is. Of 8 x 4 pixels, and one
/// class: the gradient of the convolution's output is a dense weight / 32, which rounding leaves alone.
Architecture one_convolution(LayerKind convolution) {
  return {.name = "one",
          .input = {8, 4, 3},
          .layers = {{"conv", std::move(convolution)},
                     {"average", GlobalAveragePool2d{}},
                     {"logits", Dense{.units = 1}}}};
}

}  // namespace

TEST_CASE("Rounding to bfloat16 goes to the nearest, ties to even, and keeps what is no number") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto bits = [](std::uint32_t value) { return std::bit_cast<float>(value); };
  alignas(64) const float values[16] = {0.0F,
                                        -0.0F,
                                        1.0F,
                                        bits(0x3F808000),  // halfway between 1 and the next
                                        bits(0x3F808001),
                                        bits(0x3F818000),  // halfway, and the lower is odd
                                        bits(0xBF80FFFF),
                                        bits(0x7F7FFFFF),  // the largest float
                                        kInfinity,
                                        -kInfinity,
                                        bits(0x7FC00000),
                                        bits(0x7FFFFFFF),  // no number, and a carry would make it -0
                                        bits(0xFF800001),
                                        bits(0x00000001),
                                        bits(0x00018000),
                                        3.14159265F};
  const std::uint16_t expected[16] = {0x0000, 0x8000, 0x3F80, 0x3F80, 0x3F81, 0x3F82, 0xBF81, 0x7F80,
                                      0x7F80, 0xFF80, 0x7FC0, 0x7FFF, 0xFFC0, 0x0000, 0x0002, 0x4049};
  alignas(64) Bfloat16 rounded[16];
  round_to_bfloat16(values, rounded);
  for (std::size_t i = 0; i < 16; ++i) {
    INFO(i);
    CHECK(rounded[i].bits == expected[i]);
  }
}

TEST_CASE("A convolution in bf16 is one in f32 over rounded values, and so are its gradients") {
  if (absent()) return;
  const float ones[2] = {1.0F, 1.0F};
  const LayerKind kinds[] = {Conv2d{.filters = 5}, Conv2d{.filters = 32, .kernel = 1},
                             Conv2d{.filters = 7, .kernel = 5, .stride = 1, .bias = false}};
  for (const LayerKind& kind : kinds) {
    const Architecture architecture = one_convolution(kind);
    INFO(std::get<Conv2d>(kind).kernel);
    Weights weights = initial_weights(architecture, 3);
    round_all(weights.at("logits/kernel").values);
    std::vector<float> images = uniform_values(2 * architecture.input.size(), 4, -1.0, 1.0);
    Network rounding(architecture, weights, 1, 0, Precision::bf16);
    const Step found = step(rounding, images, ones, 2);

    Network exact(architecture, weights, 1);
    CHECK(distance(found.logits, step(exact, images, ones, 2).logits) > 1e-5);  // it does round
    round_all(weights.at("conv/kernel").values);
    round_all(images);
    Network rounded(architecture, weights, 1);
    const Step expected = step(rounded, images, ones, 2);
    CHECK(distance(found.logits, expected.logits) < 1e-6 * length(expected.logits));
    for (std::size_t p = 0; p < expected.gradients.size(); ++p) {
      INFO(rounded.parameters()[p].spec->name);
      CHECK(distance(found.gradients[p], expected.gradients[p]) < 1e-5 * length(expected.gradients[p]));
    }
  }
}

TEST_CASE("Over whole numbers that bfloat16 holds, bf16 and f32 give the same, whatever the convolution") {
  if (absent()) return;
  const std::size_t frozen = GENERATE(0U, 1U);
  const LayerKind kinds[] = {Conv2d{.filters = 16},
                             Conv2d{.filters = 5, .kernel = 5, .stride = 2},
                             Conv2d{.filters = 5, .kernel = 2, .stride = 2, .padding = Padding::valid},
                             Conv2d{.filters = 32, .kernel = 1, .bias = false},
                             DepthwiseConv2d{.kernel = 3},
                             DepthwiseConv2d{.kernel = 5, .stride = 2, .bias = false},
                             SeparableConv2d{.filters = 4}};
  for (std::size_t kind = 0; kind < std::size(kinds); ++kind) {
    INFO("kind " << kind << ", frozen " << frozen);
    // The mean is over 16 or 64 pixels, so that its gradient is held as well.
    const Architecture architecture = {.name = "whole",
                                       .input = {16, 16, 16},
                                       .layers = {{"first", kinds[kind]},
                                                  {"relu", LeakyRelu{.slope = 0.5F}},
                                                  {"pool", MaxPool2d{}},
                                                  {"second", Conv2d{.filters = 8}},
                                                  {"average", GlobalAveragePool2d{}},
                                                  {"logits", Dense{.units = 1}}}};
    KeyedRandom random(9);
    const auto fill = [&](std::span<float> values) {
      for (float& value : values) value = static_cast<float>(random.below(3)) - 1.0F;
    };
    Weights weights = initial_weights(architecture, 3);
    for (auto& [name, tensor] : weights) fill(tensor.values);
    std::vector<float> images(2 * architecture.input.size());
    fill(images);
    const float gradients[2] = {1.0F, 1.0F};
    Network floats(architecture, weights, 1, frozen);
    Network rounding(architecture, weights, 1, frozen, Precision::bf16);
    const Step expected = step(floats, images, gradients, 2);
    const Step found = step(rounding, images, gradients, 2);
    CHECK(length(expected.logits) > 0.0);
    CHECK(distance(found.logits, expected.logits) <= 1e-6 * length(expected.logits));
    REQUIRE(found.gradients.size() == expected.gradients.size());
    for (std::size_t p = 0; p < expected.gradients.size(); ++p) {
      INFO(floats.parameters()[p].spec->name);
      CHECK(length(expected.gradients[p]) > 0.0);
      // oneDNN's Winograd, in f32, is not exact; rounding to bfloat16 would err a thousand times as much.
      CHECK(distance(found.gradients[p], expected.gradients[p]) <= 5e-6 * length(expected.gradients[p]));
    }
    if (frozen > 0) continue;
    // A trifle that bfloat16 does not hold is not seen: the layer does read rounded values.
    for (float& value : images) value *= 1.0F + 0x1p-12F;
    CHECK(step(rounding, images, gradients, 2).logits == found.logits);
    CHECK(step(floats, images, gradients, 2).logits != expected.logits);
  }
}

TEST_CASE(
    "A step of every built-in network errs in bf16 as one in f32 with its kernels and pictures rounded") {
  if (absent()) return;
  Architecture architectures[] = {v6_architecture(4), v5_architecture(4),
                                  efficientnet_b0_architecture(4, 64, false), yamnet_architecture(4)};
  for (Architecture& architecture : architectures) {
    if (architecture.input.channels == 1) architecture.input = {64, 64, 1};
    INFO(architecture.name);
    const Weights weights = initial_weights(architecture, 5);
    const std::vector<float> images = uniform_values(8 * architecture.input.size(), 6, 0.0, 1.0);
    const std::vector<float> gradients = uniform_values(8 * 4, 7, -1.0, 1.0);
    Network floats(architecture, weights, 2);
    const Step expected = step(floats, images, gradients, 8);
    Network rounding(architecture, weights, 2, 0, Precision::bf16);
    const Step found = step(rounding, images, gradients, 8);

    Weights rounded_weights = weights;
    for (auto& [name, tensor] : rounded_weights) {
      if (tensor.shape.size() == 4) round_all(tensor.values);
    }
    std::vector<float> rounded_images = images;
    round_all(rounded_images);
    Network rounded(architecture, rounded_weights, 2);
    const Step yardstick = step(rounded, rounded_images, gradients, 8);

    const double logits_off = distance(found.logits, expected.logits);
    CHECK(logits_off > 0.0);
    CHECK(logits_off < 2.0 * distance(yardstick.logits, expected.logits));
    double off = 0.0;
    double usual = 0.0;
    double whole = 0.0;
    for (std::size_t p = 0; p < expected.gradients.size(); ++p) {
      off = std::hypot(off, distance(found.gradients[p], expected.gradients[p]));
      usual = std::hypot(usual, distance(yardstick.gradients[p], expected.gradients[p]));
      whole = std::hypot(whole, length(expected.gradients[p]));
    }
    for (std::size_t p = 0; p < expected.gradients.size(); ++p) {
      INFO(floats.parameters()[p].spec->name);
      CHECK(distance(found.gradients[p], expected.gradients[p]) <
            3.0 * distance(yardstick.gradients[p], expected.gradients[p]) + 1e-3 * whole);
    }
    CHECK(off < 2.0 * usual);

    // The same bits again, and inference rounds nothing.
    Network again(architecture, weights, 2, 0, Precision::bf16);
    CHECK(step(again, images, gradients, 8).gradients == found.gradients);
    floats.set_weights(weights);
    again.set_weights(weights);
    std::vector<float> plain(expected.logits.size());
    std::vector<float> of_rounding(expected.logits.size());
    floats.infer(images, 8, plain);
    again.infer(images, 8, of_rounding);
    CHECK(of_rounding == plain);
  }
}

TEST_CASE("bf16 is refused on a processor without AVX-512") {
  if (has_avx512()) return;
  const Architecture architecture = v6_architecture(2);
  CHECK_THROWS_AS(Network(architecture, initial_weights(architecture, 1), 1, 0, Precision::bf16), Error);
}

}  // namespace earshot::test
