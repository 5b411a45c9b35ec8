// Network and Optimizer against five steps of training in Keras: tests/golden/keras_training.py.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Safetensors.h"
#include "nn/training/Network.h"
#include "tests/support/CrossEntropy.h"
#include "tests/support/KerasDigest.h"
#include "train/learning/Optimizer.h"

namespace earshot::test {
namespace {

constexpr std::size_t kBatch = 8;
constexpr std::size_t kClasses = 10;
constexpr int kSide = 256;
constexpr double kLearningRate = 1e-4;
constexpr float kClassWeight = 1e-4F;
constexpr double kTolerance = 1e-2;
constexpr double kLossTolerance = 1e-4;

Weights training_golden() {
  const std::filesystem::path path =
      std::filesystem::path(EARSHOT_SOURCE_DIR) / "tests/golden/keras_training.safetensors";
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return parse_safetensors(std::string(std::istreambuf_iterator<char>(file), {})).tensors;
}

Weights with_prefix(const Weights& golden, const std::string& prefix) {
  Weights part;
  for (const auto& [name, tensor] : golden) {
    if (name.starts_with(prefix)) part[name.substr(prefix.size())] = tensor;
  }
  return part;
}

/// |ours - Keras'| / |Keras'|, after `start` is taken from both.
double relative_distance(std::span<const float> ours, std::span<const float> keras,
                           std::span<const float> start = {}) {
  REQUIRE(ours.size() == keras.size());
  double difference = 0.0;
  double length = 0.0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double origin = start.empty() ? 0.0 : static_cast<double>(start[i]);
    difference += std::pow(static_cast<double>(ours[i]) - static_cast<double>(keras[i]), 2);
    length += std::pow(static_cast<double>(keras[i]) - origin, 2);
  }
  return std::sqrt(difference / length);
}

/// Biases of convolutions and of all dense layers but the last.
bool feeds_batch_norm(const std::string& tensor) {
  return tensor.ends_with("/bias") && tensor != "dense_2/bias";
}

}  // namespace

TEST_CASE("v6 trains as in Keras: first gradients, losses, and what five steps of Adam change") {
  const Weights golden = training_golden();
  const Weights initial = with_prefix(golden, "initial/");
  const Weights gradients = with_prefix(golden, "gradient/");
  const Weights final_weights = with_prefix(golden, "final/");

  Architecture architecture = v6_architecture(static_cast<int>(kClasses));
  for (Layer& layer : architecture.layers) {
    if (auto* dropout = std::get_if<Dropout>(&layer.kind)) dropout->rate = 0.0F;
  }
  Network network(architecture, initial, 2);
  Optimizer adam(network.parameters());
  std::vector<float> images = formula_pictures(kBatch, kSide, 1);
  for (float& value : images) value /= 255.0F;
  const std::vector<std::uint64_t> keys(kBatch);
  std::vector<float> logits(kBatch * kClasses);
  std::vector<float> logit_gradients(kBatch * kClasses);

  const std::vector<float>& losses = golden.at("losses").values;
  REQUIRE(losses.size() == 5);
  for (std::size_t step = 0; step < losses.size(); ++step) {
    network.forward(images, keys, logits);
    const double loss = cross_entropy(logits, kBatch, logit_gradients) + network.l2_penalty();
    CHECK(std::abs(loss - static_cast<double>(losses[step])) <= kLossTolerance);
    if (step == 0) {
      network.backward(logit_gradients);
      for (const Parameter& parameter : network.parameters()) {
        const std::string& name = parameter.spec->name;
        if (feeds_batch_norm(name)) continue;
        INFO("gradient of " << name);
        CHECK(relative_distance(parameter.gradient, gradients.at(name).values) <= kTolerance);
      }
    }
    for (float& gradient : logit_gradients) gradient *= kClassWeight;
    network.backward(logit_gradients);
    adam.step(kLearningRate);
  }
  for (const auto& [name, tensor] : network.weights()) {
    if (feeds_batch_norm(name)) continue;
    INFO("change of " << name);
    CHECK(relative_distance(tensor.values, final_weights.at(name).values, initial.at(name).values) <=
          kTolerance);
  }
}

}  // namespace earshot::test
