// Weights: initial values are Keras' distributions keyed by name; weights that do not fit are refused by
// name.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "dsp/base/Error.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Weights.h"

namespace earshot::test {
namespace {

std::string refusal(const Weights& weights) {
  try {
    validate(weights, v6_architecture(10));
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_data);
    return error.what();
  }
  return "";
}

TEST_CASE("initial weights fit their architecture and repeat with the seed") {
  const Architecture v6 = v6_architecture(10);
  const Weights weights = initial_weights(v6, 7);
  CHECK_NOTHROW(validate(weights, v6));
  CHECK(weights == initial_weights(v6, 7));
  CHECK(weights.at("conv2d/kernel") != initial_weights(v6, 8).at("conv2d/kernel"));
}

TEST_CASE("a layer's initial weights do not depend on the layers around it") {
  const Architecture small{"small", {8, 8, 32}, {{"conv2d_1", Conv2d{.filters = 32}}}};
  CHECK(initial_weights(small, 3).at("conv2d_1/kernel") ==
        initial_weights(v6_architecture(10), 3).at("conv2d_1/kernel"));
}

TEST_CASE("initial kernels are uniform within Glorot's limit, all else is constant") {
  const Weights weights = initial_weights(v6_architecture(10), 1);
  const std::vector<float>& kernel = weights.at("conv2d_3/kernel").values;
  const double limit = std::sqrt(6.0 / (9 * 64 + 9 * 64));
  double sum = 0.0;
  double squares = 0.0;
  for (const float value : kernel) {
    REQUIRE(std::abs(static_cast<double>(value)) <= limit);
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const double n = static_cast<double>(kernel.size());
  CHECK(std::abs(sum / n) < 5.0 * limit / std::sqrt(3.0 * n));
  CHECK(squares / n == Approx(limit * limit / 3.0).epsilon(0.03));

  const auto all = [&](const char* name, float expected) {
    const std::vector<float>& values = weights.at(name).values;
    return std::all_of(values.begin(), values.end(), [=](float v) { return v == expected; });
  };
  CHECK(all("conv2d/bias", 0.0F));
  CHECK(all("batch_normalization_8/gamma", 1.0F));
  CHECK(all("batch_normalization_8/beta", 0.0F));
  CHECK(all("batch_normalization_8/moving_mean", 0.0F));
  CHECK(all("batch_normalization_8/moving_variance", 1.0F));
}

TEST_CASE("the first initial weights of a seed are these, on every machine") {
  // Recorded once: a change here would change what every seed means.
  const std::vector<float> kernel = initial_weights(v6_architecture(10), 42).at("dense_2/kernel").values;
  CHECK(kernel.at(0) == 0x1.61145p-3F);
  CHECK(kernel.at(1) == -0x1.d6f88cp-4F);
}

TEST_CASE("weights that do not fit are refused by the tensor's name") {
  const Weights good = initial_weights(v6_architecture(10), 1);

  Weights missing = good;
  missing.erase("dense_1/bias");
  CHECK(refusal(missing).find("'dense_1/bias' is missing") != std::string::npos);

  Weights surplus = good;
  surplus["dense_9/bias"] = Tensor{{1}, {0.0F}};
  CHECK(refusal(surplus).find("'dense_9/bias' belongs to no layer") != std::string::npos);

  Weights reshaped = good;
  reshaped["dense/kernel"].shape = {128, 512};
  CHECK(refusal(reshaped).find("(128, 512)") != std::string::npos);

  Weights short_of_values = good;
  short_of_values["dense/kernel"].values.pop_back();
  CHECK(refusal(short_of_values).find("'dense/kernel'") != std::string::npos);
}

TEST_CASE("weights that are not finite, or variances below zero, are refused") {
  const Weights good = initial_weights(v6_architecture(10), 1);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Weights weights = good;
    weights["conv2d_1/kernel"].values.back() = bad;
    CHECK(refusal(weights).find("'conv2d_1/kernel' holds NaN or infinity") != std::string::npos);
  }
  Weights negative = good;
  negative["batch_normalization/moving_variance"].values.front() = -1e-6F;
  CHECK(refusal(negative).find("negative variance") != std::string::npos);
}

}  // namespace
}  // namespace earshot::test
