// NetworkToml: networks of the user's own, read and refused; trainer info shows them, and every preset.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <variant>

#include "dsp/base/Error.h"
#include "nn/model/BuiltInArchitectures.h"
#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/learning/NetworkToml.h"
#include "train/learning/TrainConfig.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;

const char* const kNetwork = R"(
[network]
name = "doorbell"
scores = "sigmoid"
[[network.layer]]
kind = "conv2d"
filters = 8
stride = 2
[[network.layer]]
kind = "batch_normalization"
momentum = 0.9
[[network.layer]]
name = "on"
kind = "activation"
function = "swish"
[[network.layer]]
kind = "conv2d"
filters = 8
[[network.layer]]
kind = "add"
inputs = ["conv2d_1", "on"]
[[network.layer]]
kind = "global_average_pooling2d"
[[network.layer]]
kind = "dense"
)";

std::string refusal(const std::string& text) {
  try {
    StrictToml file = StrictToml::from_text(text, "own.toml");
    const auto network = read_network(file);
    REQUIRE(network);
    fitted(*network, {32, 32, 1}, 3);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a network of one's own is read layer by layer, names and defaults included") {
  StrictToml file = StrictToml::from_text(kNetwork, "own.toml");
  const auto read = read_network(file);
  REQUIRE(read);
  const Architecture network = fitted(*read, {32, 24, 1}, 3);
  CHECK(network.name == "doorbell");
  CHECK(network.scores == Scores::sigmoid);
  REQUIRE(network.layers.size() == 7);
  CHECK(network.layers[0] == Layer{"conv2d", Conv2d{.filters = 8, .stride = 2}});
  CHECK(network.layers[1] == Layer{"batch_normalization", BatchNorm{.momentum = 0.9F}});
  CHECK(network.layers[2] == Layer{"on", Activation{Activation::Function::swish}});
  CHECK(network.layers[4] == Layer{"add", Add{}, {"conv2d_1", "on"}});
  CHECK(class_count(network) == 3);
  CHECK(output_shapes(network).front() == FeatureShape{16, 12, 8});
}

TEST_CASE("what a network's tables get wrong is named with its line") {
  const std::string head = "[network]\n[[network.layer]]\n";
  CHECK_THAT(refusal("[network]\n"), Contains("layer"));
  CHECK_THAT(refusal(head + "kind = \"conv3d\"\n"), Contains("own.toml:3") && Contains("separable_conv2d"));
  CHECK_THAT(refusal(head + "kind = \"activation\"\nfunction = \"gelu\"\n"), Contains("swish"));
  CHECK_THAT(refusal(head + "kind = \"conv2d\"\nfilter = 8\n"),
             Contains("own.toml:4") && Contains("filters"));
  CHECK_THAT(
      refusal(head + "kind = \"conv2d\"\nfilters = 8\nkernel = 99\n[[network.layer]]\nkind = \"dense\"\n"),
      Contains("layer 'conv2d': kernel is 99"));
  CHECK_THAT(refusal(head + "kind = \"dense\"\n"), Contains("layer 'dense'") && Contains("flat"));
}

TEST_CASE("trainer info shows every preset and a configuration, layer by layer") {
  const auto info = [](const std::string& what) { return run_program({EARSHOT_TRAINER, "info", what}); };
  CHECK_THAT(info("v6").out, Contains("212714"));
  CHECK_THAT(info("v5").out, Contains("5770858"));
  CHECK_THAT(info("efficientnet_b0").out, Contains("block4a_se_reduce") && Contains("224 x 224 x 3"));
  CHECK_THAT(info("yamnet").out, Contains("layer14_pointwise_conv") && Contains("96 x 64 x 1"));
  const TemporaryDirectory directory;
  CHECK_THAT(info(directory.write("own.toml", kNetwork)).out,
             Contains("conv2d_1") && Contains("128 x 128 x 8"));
  CHECK(info("v7").code == 66);
}

}  // namespace earshot::test
