// Kernels of 16 bits: near what they were, and themselves for ever after.
#include "nn/model/SixteenBits.h"

#include <algorithm>
#include <cmath>
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
    const auto stored = as_sixteen_bits(tensor);
    REQUIRE(stored);
    CHECK(values_of(*stored) == tensor.values);
    Tensor again = tensor;
    round_to_sixteen_bits(again);
    CHECK(again == tensor);
    const std::string bytes = format_safetensors({{}, {{"d/kernel", tensor}}});
    CHECK(bytes.size() < tensor.values.size() * 3);
    CHECK(parse_safetensors(bytes).tensors == Weights{{"d/kernel", tensor}});
  }
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
