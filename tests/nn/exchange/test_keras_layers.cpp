// KerasLayers: what is a layer of ours by another name, and what none needs.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "nn/exchange/KerasGraph.h"

namespace earshot::test {
namespace {

/// A Sequential of 4 x 4 x 1 pictures as Keras 2's .h5 has it, with one layer before a Dense.
KerasGraph with_layer(const std::string& class_name, const std::string& options) {
  return read_keras_graph(
      R"({"class_name":"Sequential","config":{"name":"net","layers":[)"
      R"({"class_name":"InputLayer","config":{"name":"in","batch_input_shape":[null,4,4,1]}},)"
      R"({"class_name":")" +
          class_name + R"(","config":{"name":"it")" + options +
          R"(}},{"class_name":"Flatten","config":{"name":"flat"}},)"
          R"({"class_name":"Dense","config":{"name":"scores","units":2,"activation":"softmax"}}]}})",
      {1, 1, 1});
}

}  // namespace

TEST_CASE("BatchNormalizationV1 and V2 are BatchNormalization by older names") {
  const std::string options =
      R"(,"axis":[3],"momentum":0.9,"epsilon":0.01,"fused":true,"virtual_batch_size":null)";
  const Architecture expected = with_layer("BatchNormalization", options).architecture;
  CHECK(expected.layers.front() == Layer{"it", BatchNorm{.momentum = 0.9F, .epsilon = 0.01F}});
  CHECK(with_layer("BatchNormalizationV1", options).architecture == expected);
  CHECK(with_layer("BatchNormalizationV2", options).architecture == expected);
}

TEST_CASE("a layer that does nothing in inference is left out with a note") {
  const std::vector<std::pair<std::string, std::string>> idle = {
      {"GaussianNoise", R"(,"stddev":0.1)"},
      {"SpatialDropout2D", R"(,"rate":0.2,"data_format":"channels_last")"},
      {"GaussianDropout", R"(,"rate":0.2)"},
      {"AlphaDropout", R"(,"rate":0.2,"noise_shape":null)"},
      {"Identity", ""},
      {"ActivityRegularization", R"(,"l1":0.1,"l2":0.0)"},
      {"RandomFlip", R"(,"mode":"horizontal","seed":null)"}};
  for (const auto& [class_name, options] : idle) {
    INFO(class_name);
    const KerasGraph graph = with_layer(class_name, options);
    REQUIRE(graph.architecture.layers.size() == 2);
    CHECK(graph.architecture.layers.front() == Layer{"flat", Flatten{}});
    CHECK(graph.notes.front() ==
          "layer 'it' (" + class_name + "): does nothing in inference and is left out");
  }
  CHECK(with_layer("Activation", R"(,"activation":"linear")").notes.front() ==
        "layer 'it' (Activation): is linear and left out");
}

TEST_CASE("a picture's middle taken in inference is no layer that does nothing") {
  CHECK_THROWS_WITH(with_layer("RandomCrop", R"(,"height":2,"width":2)"),
                    Catch::Matchers::Contains("layer 'it' (RandomCrop): is not supported"));
}

}  // namespace earshot::test
