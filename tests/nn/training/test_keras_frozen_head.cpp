// An imported EfficientNet whose head is trained, against Keras doing the same:
// tests/golden/keras_frozen_head.py.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "nn/exchange/KerasImport.h"
#include "nn/training/Network.h"
#include "tests/support/CrossEntropy.h"
#include "tests/support/KerasDigest.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/learning/Optimizer.h"

namespace earshot::test {
namespace {

constexpr std::size_t kBatch = 4;
constexpr std::size_t kClasses = 10;
constexpr std::size_t kSteps = 25;
constexpr double kTolerance = 1e-3;

void check_head(const std::filesystem::path& path, int side, const std::vector<double>& keras_losses) {
  REQUIRE(keras_losses.size() == kSteps);
  CHECK(keras_losses.back() < 0.8 * keras_losses.front());
  const KerasNetwork read = read_keras(path, nullptr, {side, side, 3});
  const std::vector<Layer>& layers = read.architecture.layers;
  const auto head = std::find_if(layers.rbegin(), layers.rend(), [](const Layer& layer) {
    return std::holds_alternative<GlobalAveragePool2d>(layer.kind);
  });
  REQUIRE(head != layers.rend());
  Network network(read.architecture, read.weights, 2, static_cast<std::size_t>(layers.rend() - head) - 1);
  REQUIRE(network.parameters().size() == 2);
  Optimizer adam(network.parameters());
  const std::vector<float> images = formula_pictures(kBatch, side, 3);
  const std::vector<std::uint64_t> keys(kBatch);
  std::vector<float> logits(kBatch * kClasses);
  std::vector<float> gradients(logits.size());
  for (std::size_t step = 0; step < kSteps; ++step) {
    INFO("step " << step);
    network.forward(images, keys, logits);
    const double loss = cross_entropy(logits, kBatch, gradients);
    CHECK(std::abs(loss - keras_losses[step]) <= kTolerance * keras_losses[step]);
    network.backward(gradients);
    adam.step(1e-3);
  }
}

std::vector<double> losses_in(std::istream& text) {
  return {std::istream_iterator<double>(text), {}};
}

}  // namespace

TEST_CASE("the head of an imported, frozen EfficientNet learns as in Keras") {
  const std::filesystem::path golden = std::filesystem::path(EARSHOT_SOURCE_DIR) / "tests/golden";
  std::ifstream losses(golden / "keras_frozen_head.txt");
  check_head(golden / "keras_frozen_head.h5", 64, losses_in(losses));
}

TEST_CASE("the head of an imported, frozen EfficientNetB0 learns as in Keras") {
  const char* python = std::getenv("EARSHOT_PYTHON");
  if (!python) {
    skip("EARSHOT_PYTHON names no Python with Keras");
    return;
  }
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "efficientnet_b0.h5";
  const std::filesystem::path output = directory.path() / "losses.txt";
  const std::string command = std::string(python) +
                              " '" EARSHOT_SOURCE_DIR "/tests/golden/keras_frozen_head.py' '" +
                              path.string() + "' > '" + output.string() + "' 2> /dev/null";
  REQUIRE(std::system(command.c_str()) == 0);
  std::ifstream losses(output);
  check_head(path, 128, losses_in(losses));
}

}  // namespace earshot::test
