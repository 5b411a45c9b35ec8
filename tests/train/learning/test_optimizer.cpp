#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <istream>
#include <string>
#include <utility>
#include <vector>

#include "dsp/base/Error.h"
#include "train/learning/Optimizer.h"

using namespace earshot;

namespace {

// Tensors of an optimizer's own, without a network.
struct Tensors {
  struct Part {
    const char* name;
    std::size_t size;
    float l2;
  };
  explicit Tensors(const std::vector<Part>& parts) {
    std::size_t count = 0;
    for (const Part& part : parts) {
      ParameterSpec spec;
      spec.name = part.name;
      spec.l2 = part.l2;
      specs.push_back(spec);
      count += part.size;
    }
    values.resize(count);
    gradients.resize(count);
    std::size_t first = 0;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const std::size_t size = parts[i].size;
      parameters.push_back(
          {&specs[i], std::span(values).subspan(first, size), std::span(gradients).subspan(first, size)});
      first += size;
    }
  }

  std::vector<ParameterSpec> specs;
  std::vector<float> values;
  std::vector<float> gradients;
  std::vector<Parameter> parameters;
};

// What tests/golden/keras_adam.py and keras_optimizers.py do; `golden` goes on with the values after each
// step.
void check_five_steps(const Optimizer::Settings& settings, std::istream& golden) {
  Tensors tensors({{"dense/kernel", 20, 0.25F}, {"dense/bias", 12, 0.0F}});
  for (std::size_t i = 0; i < 32; ++i) {
    tensors.values[i] = static_cast<float>((static_cast<double>((i * 37 + 11) % 101) - 50.0) / 40.0);
  }
  Optimizer optimizer(tensors.parameters, settings);
  for (std::size_t step = 0; step < 5; ++step) {
    for (std::size_t i = 0; i < 32; ++i) {
      tensors.gradients[i] = static_cast<float>((static_cast<double>((i * 53 + step * 29 + 7) % 97) - 48.0) /
                                                std::exp2(static_cast<double>(2 + i % 9)));
    }
    optimizer.step(0.01 / static_cast<double>(step + 1));
    for (std::size_t i = 0; i < 32; ++i) {
      double expected = 0.0;
      REQUIRE(golden >> expected);
      INFO("step " << step << ", value " << i);
      CHECK(tensors.values[i] == Approx(expected).margin(1e-6));
    }
  }
}

}  // namespace

TEST_CASE("Adam's first step is the learning rate against the gradient's sign, whatever its size") {
  Tensors tensors({{"dense/kernel", 3, 0.0F}});
  tensors.values = {1.0F, 2.0F, 3.0F};
  tensors.gradients = {100.0F, -0.01F, 0.0F};
  Optimizer adam(tensors.parameters);
  adam.step(0.125);
  CHECK(tensors.values[0] == Approx(0.875));
  CHECK(tensors.values[1] == Approx(2.125).epsilon(1e-4));  // epsilon 1e-7 beside sqrt(v) = 3.2e-4
  CHECK(tensors.values[2] == 3.0F);
}

TEST_CASE("epsilon stands outside the root and beside the uncorrected second moment") {
  Tensors tensors({{"dense/kernel", 1, 0.0F}});
  tensors.gradients = {1e-6F};
  Optimizer adam(tensors.parameters);
  adam.step(1.0);
  // a = sqrt(0.001) / 0.1, m = 1e-7, sqrt(v) = sqrt(0.001) 1e-6: far less than epsilon.
  CHECK(tensors.values[0] == Approx(-std::sqrt(0.001) / 0.1 * 1e-7 / (std::sqrt(0.001) * 1e-6 + 1e-7)));
}

TEST_CASE("five steps of Adam over two tensors, one with an L2 term, are those of Keras") {
  std::ifstream golden(EARSHOT_SOURCE_DIR "/tests/golden/keras_adam.txt");
  std::string note;
  std::getline(golden, note);
  check_five_steps({}, golden);
}

TEST_CASE("five steps of each other optimizer are those of Keras") {
  using Kind = Optimizer::Kind;
  const std::pair<std::string, Optimizer::Settings> optimizers[] = {
      {"adamw", {.kind = Kind::adamw, .weight_decay = 0.5}},
      {"adam_clipped", {.kind = Kind::adam, .clip_norm = 3.0}},
      {"nesterov", {.kind = Kind::sgd, .weight_decay = 0.5}},
      {"momentum", {.kind = Kind::sgd, .nesterov = false}},
      {"sgd_clipped", {.kind = Kind::sgd, .clip_norm = 3.0}},
  };
  std::ifstream golden(EARSHOT_SOURCE_DIR "/tests/golden/keras_optimizers.txt");
  std::string line;
  std::getline(golden, line);
  for (const auto& [name, settings] : optimizers) {
    REQUIRE(golden >> line);
    REQUIRE(line == name);
    INFO(name);
    check_five_steps(settings, golden);
  }
}

TEST_CASE("an optimizer with another's state goes on with the same bits") {
  Tensors first({{"dense/kernel", 8, 0.1F}});
  for (std::size_t i = 0; i < 8; ++i) first.gradients[i] = 0.1F * static_cast<float>(i) - 0.3F;
  Optimizer adam(first.parameters);
  adam.step(0.1);
  Tensors second({{"dense/kernel", 8, 0.1F}});
  second.values = first.values;
  second.gradients = first.gradients;
  Optimizer resumed(second.parameters);
  resumed.set_state(adam.state());
  adam.step(0.1);
  resumed.step(0.1);
  CHECK(second.values == first.values);
}

TEST_CASE("a state of another size is refused") {
  Tensors tensors({{"dense/kernel", 2, 0.0F}});
  Optimizer adam(tensors.parameters);
  CHECK_THROWS_WITH(adam.set_state({1, {{"moments_1", {0.0F}}, {"moments_2", {0.0F, 0.0F}}}}),
                    "optimizer/moments_1: found 1 values, expected 2");
  CHECK_THROWS_AS(adam.set_state({1, {{"momentum", {0.0F, 0.0F}}}}), Error);
}

TEST_CASE("weight decay spares biases and BatchNorm's gamma and beta") {
  Tensors tensors({{"a/kernel", 1, 0.0F}, {"a/bias", 1, 0.0F}, {"b/gamma", 1, 0.0F}, {"b/beta", 1, 0.0F}});
  tensors.values = {1.0F, 1.0F, 1.0F, 1.0F};
  Optimizer(tensors.parameters, {.kind = Optimizer::Kind::adamw, .weight_decay = 0.5}).step(0.1);
  CHECK(tensors.values[0] == Approx(0.95));
  CHECK(std::vector(tensors.values.begin() + 1, tensors.values.end()) == std::vector{1.0F, 1.0F, 1.0F});
}
