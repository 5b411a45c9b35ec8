#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

#include "dsp/Error.h"
#include "train/Adam.h"

using namespace earshot;

namespace {

// Tensors of an optimizer's own, without a network.
struct Tensors {
  explicit Tensors(const std::vector<std::pair<std::size_t, float>>& sizes_and_l2) {
    std::size_t count = 0;
    for (const auto& [size, l2] : sizes_and_l2) {
      ParameterSpec spec;
      spec.l2 = l2;
      specs.push_back(spec);
      count += size;
    }
    values.resize(count);
    gradients.resize(count);
    std::size_t first = 0;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const std::size_t size = sizes_and_l2[i].first;
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

}  // namespace

TEST_CASE("Adam's first step is the learning rate against the gradient's sign, whatever its size") {
  Tensors tensors({{3, 0.0F}});
  tensors.values = {1.0F, 2.0F, 3.0F};
  tensors.gradients = {100.0F, -0.01F, 0.0F};
  Adam adam(tensors.parameters);
  adam.step(0.125);
  CHECK(tensors.values[0] == Approx(0.875));
  CHECK(tensors.values[1] == Approx(2.125).epsilon(1e-4));  // epsilon 1e-7 beside sqrt(v) = 3.2e-4
  CHECK(tensors.values[2] == 3.0F);
}

TEST_CASE("epsilon stands outside the root and beside the uncorrected second moment") {
  Tensors tensors({{1, 0.0F}});
  tensors.gradients = {1e-6F};
  Adam adam(tensors.parameters);
  adam.step(1.0);
  // a = sqrt(0.001) / 0.1, m = 1e-7, sqrt(v) = sqrt(0.001) 1e-6: far less than epsilon.
  CHECK(tensors.values[0] == Approx(-std::sqrt(0.001) / 0.1 * 1e-7 / (std::sqrt(0.001) * 1e-6 + 1e-7)));
}

TEST_CASE("five steps over two tensors, one with an L2 term, are those of Keras") {
  std::ifstream golden(EARSHOT_SOURCE_DIR "/tests/golden/keras_adam.txt");
  REQUIRE(golden);
  std::string note;
  std::getline(golden, note);
  Tensors tensors({{20, 0.25F}, {12, 0.0F}});
  for (std::size_t i = 0; i < 32; ++i) {
    tensors.values[i] = static_cast<float>((static_cast<double>((i * 37 + 11) % 101) - 50.0) / 40.0);
  }
  Adam adam(tensors.parameters);
  for (std::size_t step = 0; step < 5; ++step) {
    for (std::size_t i = 0; i < 32; ++i) {
      tensors.gradients[i] = static_cast<float>((static_cast<double>((i * 53 + step * 29 + 7) % 97) - 48.0) /
                                                std::exp2(static_cast<double>(2 + i % 9)));
    }
    adam.step(0.01 / static_cast<double>(step + 1));
    for (std::size_t i = 0; i < 32; ++i) {
      double expected = 0.0;
      REQUIRE(golden >> expected);
      INFO("step " << step << ", value " << i);
      CHECK(tensors.values[i] == Approx(expected).margin(1e-6));
    }
  }
}

TEST_CASE("an optimizer with another's state goes on with the same bits") {
  Tensors first({{8, 0.1F}});
  for (std::size_t i = 0; i < 8; ++i) first.gradients[i] = 0.1F * static_cast<float>(i) - 0.3F;
  Adam adam(first.parameters);
  adam.step(0.1);
  Tensors second({{8, 0.1F}});
  second.values = first.values;
  second.gradients = first.gradients;
  Adam resumed(second.parameters);
  resumed.set_state(adam.state());
  adam.step(0.1);
  resumed.step(0.1);
  CHECK(second.values == first.values);
}

TEST_CASE("a state of another size is refused") {
  Tensors tensors({{2, 0.0F}});
  Adam adam(tensors.parameters);
  CHECK_THROWS_AS(adam.set_state({1, {0.0F}, {0.0F, 0.0F}}), Error);
}
