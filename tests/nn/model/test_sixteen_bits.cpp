// Kernels of 16 bits: near what they were, and themselves for ever after.
#include "nn/model/SixteenBits.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/KeyedRandom.h"
#include "nn/model/Safetensors.h"

namespace earshot::test {
namespace {

// Channels of very different size, one of zeros.
Tensor uneven_kernel(std::vector<std::int64_t> shape, std::uint64_t key) {
  Tensor tensor{std::move(shape), {}};
  std::size_t count = 1;
  for (const std::int64_t size : tensor.shape) count *= static_cast<std::size_t>(size);
  const std::size_t channels = step_channels(tensor.shape);
  KeyedRandom random(key);
  std::vector<double> sizes(channels);
  for (double& size : sizes) size = std::exp(random.uniform(-12.0, 4.0));
  sizes[1] = 0.0;
  for (std::size_t i = 0; i < count; ++i)
    tensor.values.push_back(static_cast<float>(random.uniform(-1.0, 1.0) * sizes[i % channels]));
  return tensor;
}

}  // namespace

TEST_CASE("a kernel rounded to 16 bits moves by less than its channel's largest value over 60 000") {
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{64, 80}, {1, 1, 130, 33}, {3, 3, 500, 1}}) {
    const Tensor before = uneven_kernel(shape, 5);
    Tensor after = before;
    round_to_sixteen_bits(after);
    const std::size_t channels = step_channels(shape);
    std::vector<float> largest(channels);
    for (std::size_t i = 0; i < before.values.size(); ++i)
      largest[i % channels] = std::max(largest[i % channels], std::abs(before.values[i]));
    bool near = true;
    for (std::size_t i = 0; i < before.values.size(); ++i)
      near = near && std::abs(after.values[i] - before.values[i]) <= largest[i % channels] / 60'000.0F;
    CHECK(near);
    CHECK(after.values != before.values);
  }
}

TEST_CASE("what was rounded to 16 bits is stored so and comes back to the bit, any number of times") {
  for (std::uint64_t key = 1; key <= 40; ++key) {  // a largest value that asks for another step comes now and then
    Tensor tensor = uneven_kernel({16, 400}, key);
    CHECK_FALSE(as_sixteen_bits(tensor));
    round_to_sixteen_bits(tensor);
    REQUIRE(as_sixteen_bits(tensor));
    Tensor again = tensor;
    round_to_sixteen_bits(again);
    CHECK(again == tensor);
    const std::string bytes = format_safetensors({{}, {{"d/kernel", tensor}}});
    CHECK(bytes.size() < tensor.values.size() * 3);
    const Weights back = parse_safetensors(bytes).tensors;
    REQUIRE(back.size() == 1);
    CHECK(std::ranges::equal(back.at("d/kernel").values, tensor.values, {},
                             [](float value) { return std::bit_cast<std::uint32_t>(value); },
                             [](float value) { return std::bit_cast<std::uint32_t>(value); }));
  }
}

TEST_CASE("channels of a rounded kernel are stored in 16 bits by themselves, be they ever so few") {
  Tensor whole = uneven_kernel({64, 80}, 2);
  round_to_sixteen_bits(whole);
  for (const std::size_t kept : {79U, 3U, 1U}) {
    Tensor few{{64, static_cast<std::int64_t>(kept)}, {}};
    for (std::size_t i = 0; i < whole.values.size(); ++i) {
      if (i % 80 < kept) few.values.push_back(whole.values[i]);
    }
    const auto stored = as_sixteen_bits(few);
    REQUIRE(stored);
    CHECK(stored->steps.size() == kept);
    CHECK(std::ranges::equal(stored->steps, std::span(as_sixteen_bits(whole)->steps).first(kept)));
    const std::string bytes = format_safetensors({{}, {{"d/kernel", few}}});
    CHECK(parse_safetensors(bytes).tensors.at("d/kernel") == few);
  }
}

TEST_CASE("a negative zero is not made a positive one, a channel of next to nothing has a step") {
  Tensor tensor = uneven_kernel({16, 400}, 9);
  round_to_sixteen_bits(tensor);
  REQUIRE(as_sixteen_bits(tensor));
  Tensor negative = tensor;
  negative.values[1] = -0.0F;  // of the channel of zeros
  CHECK_FALSE(as_sixteen_bits(negative));
  for (std::size_t i = 2; i < tensor.values.size(); i += 400) tensor.values[i] *= 1e-42F;
  round_to_sixteen_bits(tensor);
  CHECK(as_sixteen_bits(tensor));
}

TEST_CASE("small tensors and vectors stay as they are") {
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{5000}, {3, 3, 64, 7}}) {
    const Tensor before = uneven_kernel(shape, 3);
    Tensor after = before;
    round_to_sixteen_bits(after);
    CHECK(after == before);
    CHECK_FALSE(as_sixteen_bits(after));
  }
}

}  // namespace earshot::test
