// Architecture: the built-in networks have the source's shapes and counts; hostile ones are refused.
#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "dsp/base/Error.h"
#include "nn/model/Architecture.h"
#include "nn/model/BuiltInArchitectures.h"

namespace earshot::test {
namespace {

std::int64_t count(const std::vector<ParameterSpec>& specs, bool only_trainable) {
  std::int64_t total = 0;
  for (const ParameterSpec& spec : specs) {
    if (only_trainable && !spec.trainable) continue;
    std::int64_t elements = 1;
    for (const std::int64_t size : spec.shape) elements *= size;
    total += elements;
  }
  return total;
}

Architecture of(std::vector<Layer> layers, FeatureShape input = {8, 8, 1}) {
  return {.name = "test", .input = input, .layers = std::move(layers)};
}

std::string refusal(const Architecture& architecture) {
  try {
    class_count(architecture);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_data);
    return error.what();
  }
  return "";
}

TEST_CASE("v6 has the source's 212714 parameters, 210666 of them trainable") {
  const std::vector<ParameterSpec> specs = parameter_specs(v6_architecture(10));
  CHECK(count(specs, false) == 212714);
  CHECK(count(specs, true) == 210666);
}

TEST_CASE("v5 has the source's 5770858 parameters") {
  CHECK(count(parameter_specs(v5_architecture(10)), false) == 5'770'858);
}

// keras.applications.EfficientNetB0(include_top=False) of Keras 3.5.0 counts 4 049 571, of which one is its
// Normalization's count of what it was adapted to, and 4 007 548 are trainable.
TEST_CASE("EfficientNetB0 has the parameters of Keras' own") {
  const std::vector<ParameterSpec> specs = parameter_specs(efficientnet_b0_architecture(10));
  CHECK(count(specs, false) == 4'049'570 + 12'810);
  CHECK(count(specs, true) == 4'007'548 + 12'810);
  CHECK(output_shapes(efficientnet_b0_architecture(10, 224)).back() == FeatureShape{1, 1, 10});
  CHECK(class_count(efficientnet_b0_architecture(3, 65)) == 3);
}

TEST_CASE("YAMNet halves its 96 x 64 patches five times") {
  const Architecture yamnet = yamnet_architecture();
  const std::vector<FeatureShape> shapes = output_shapes(yamnet);
  CHECK(shapes[shapes.size() - 3] == FeatureShape{3, 2, 1024});
  CHECK(class_count(yamnet) == 521);
  CHECK(yamnet.scores == Scores::sigmoid);
}

TEST_CASE("layers may read any earlier layer, and each must be read") {
  const Conv2d conv{.filters = 4};
  const auto graph = [&](std::vector<std::string> inputs) {
    return of({{"a", conv}, {"b", conv}, {"sum", Add{}, std::move(inputs)}, {"pool", GlobalAveragePool2d{}}});
  };
  CHECK(class_count(graph({"a", "b"})) == 4);
  CHECK(refusal(graph({"b"})).find("'sum'") != std::string::npos);
  CHECK(refusal(graph({"b", "pool"})).find("'pool'") != std::string::npos);
  CHECK(refusal(graph({"b", "input"})).find("8 x 8 x 4") != std::string::npos);
  CHECK(refusal(of({{"a", conv}, {"b", GlobalAveragePool2d{}, {"input"}}})).find("'a'") != std::string::npos);
  CHECK(refusal(of({{"input", conv}, {"b", GlobalAveragePool2d{}}})).find("'input'") != std::string::npos);
  const Architecture gate = of({{"a", conv},
                                {"squeeze", GlobalAveragePool2d{}},
                                {"excite", Multiply{}, {"a", "squeeze"}},
                                {"pool", GlobalAveragePool2d{}}});
  CHECK(class_count(gate) == 4);
}

TEST_CASE("v6 names its layers as Keras does") {
  const Architecture v6 = v6_architecture(10);
  std::vector<std::string> names;
  for (const Layer& layer : v6.layers) names.push_back(layer.name);
  const std::vector<std::string> expected = {
      "conv2d",
      "batch_normalization",
      "leaky_re_lu",
      "conv2d_1",
      "batch_normalization_1",
      "leaky_re_lu_1",
      "max_pooling2d",
      "dropout",
      "conv2d_2",
      "batch_normalization_2",
      "leaky_re_lu_2",
      "conv2d_3",
      "batch_normalization_3",
      "leaky_re_lu_3",
      "max_pooling2d_1",
      "dropout_1",
      "separable_conv2d",
      "batch_normalization_4",
      "leaky_re_lu_4",
      "separable_conv2d_1",
      "batch_normalization_5",
      "leaky_re_lu_5",
      "max_pooling2d_2",
      "dropout_2",
      "separable_conv2d_2",
      "batch_normalization_6",
      "leaky_re_lu_6",
      "max_pooling2d_3",
      "dropout_3",
      "global_average_pooling2d",
      "dense",
      "batch_normalization_7",
      "leaky_re_lu_7",
      "dropout_4",
      "dense_1",
      "batch_normalization_8",
      "leaky_re_lu_8",
      "dropout_5",
      "dense_2",
  };
  CHECK(names == expected);
}

TEST_CASE("v6 halves its picture four times and ends in the logits") {
  const std::vector<FeatureShape> shapes = output_shapes(v6_architecture(10));
  CHECK(shapes.at(6) == FeatureShape{128, 128, 32});
  CHECK(shapes.at(14) == FeatureShape{64, 64, 64});
  CHECK(shapes.at(22) == FeatureShape{32, 32, 128});
  CHECK(shapes.at(27) == FeatureShape{16, 16, 256});
  CHECK(shapes.at(29) == FeatureShape{1, 1, 256});
  CHECK(class_count(v6_architecture(7)) == 7);
}

TEST_CASE("fans are Keras': the receptive field times the last two axes") {
  for (const ParameterSpec& spec : parameter_specs(v6_architecture(10))) {
    if (spec.name == "conv2d_2/kernel") {
      CHECK(spec.shape == std::vector<std::int64_t>{3, 3, 32, 64});
      CHECK(spec.fan_in == 9 * 32);
      CHECK(spec.fan_out == 9 * 64);
    } else if (spec.name == "separable_conv2d/depthwise_kernel") {
      CHECK(spec.fan_in == 9 * 64);
      CHECK(spec.fan_out == 9);
    } else if (spec.name == "separable_conv2d/pointwise_kernel") {
      CHECK(spec.fan_in == 64);
      CHECK(spec.fan_out == 128);
    } else if (spec.name == "dense/kernel") {
      CHECK(spec.fan_in == 256);
      CHECK(spec.fan_out == 256);
      CHECK(spec.l2 == 0.001F);
    } else if (spec.name.ends_with("/bias") || spec.name.ends_with("/gamma")) {
      CHECK(spec.fan_in == 0);
    }
  }
}

TEST_CASE("max pooling drops the rest of an odd side") {
  const std::vector<FeatureShape> shapes = output_shapes(of({{"pool", MaxPool2d{.size = 2}}}, {7, 9, 3}));
  CHECK(shapes.back() == FeatureShape{3, 4, 3});
}

TEST_CASE("an architecture whose layers do not fit is refused by the layer's name") {
  CHECK(refusal(of({{"d", Dense{.units = 2}}})).find("'d'") != std::string::npos);
  CHECK(refusal(of({{"p", MaxPool2d{.size = 9}}})).find("'p'") != std::string::npos);
  CHECK(refusal(of({{"c", Conv2d{.filters = 4}}})).find("'c'") != std::string::npos);  // no logits at the end
  CHECK(refusal(of({{"a", GlobalAveragePool2d{}}, {"a", Dense{.units = 2}}})).find("twice") !=
        std::string::npos);
  CHECK(refusal(of({})).find("0 layers") != std::string::npos);
  CHECK(!refusal(of({{"", GlobalAveragePool2d{}}})).empty());
  CHECK(!refusal(of({{"a/b", GlobalAveragePool2d{}}})).empty());
}

TEST_CASE("sizes that would ask for huge memory are refused") {
  constexpr int kHuge = std::numeric_limits<int>::max();
  CHECK(!refusal(of({{"g", GlobalAveragePool2d{}}}, {kHuge, kHuge, kHuge})).empty());
  CHECK(!refusal(of({{"g", GlobalAveragePool2d{}}}, {0, 8, 1})).empty());
  CHECK(!refusal(of({{"g", GlobalAveragePool2d{}}}, {4096, 4096, 65536})).empty());
  CHECK(!refusal(of({{"c", Conv2d{.filters = kHuge}}})).empty());
  CHECK(!refusal(of({{"c", Conv2d{.filters = 4, .kernel = kHuge}}})).empty());
  CHECK(!refusal(of({{"c", Conv2d{.filters = -4}}})).empty());
  CHECK(!refusal(of({{"c", Conv2d{.filters = 65536}}}, {64, 64, 1})).empty());
  const Architecture wide = of({{"a", Dense{.units = 65536}}, {"b", Dense{.units = 65536}}}, {1, 1, 16});
  CHECK(refusal(wide).find("'b'") != std::string::npos);
}

TEST_CASE("numbers without sense are refused") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const LayerKind& kind : std::vector<LayerKind>{
           BatchNorm{.momentum = 1.0F}, BatchNorm{.momentum = nan}, BatchNorm{.epsilon = 0.0F},
           BatchNorm{.epsilon = nan}, LeakyRelu{.slope = -0.1F}, LeakyRelu{.slope = nan},
           Dropout{.rate = 1.0F}, Dropout{.rate = nan}, Dense{.units = 0}, Dense{.units = 3, .l2 = nan},
           MaxPool2d{.size = 0}}) {
    CHECK(!refusal(of({{"g", GlobalAveragePool2d{}}, {"x", kind}})).empty());
  }
}

}  // namespace
}  // namespace earshot::test
