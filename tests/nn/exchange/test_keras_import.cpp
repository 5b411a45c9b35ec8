// KerasImport against what Keras 3.5, the newest Keras 3 and Keras 2 saved: tests/golden/keras_import.py.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <variant>
#include <vector>

#include "dsp/base/Error.h"
#include "nn/exchange/KerasImport.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/training/Network.h"
#include "tests/support/KerasGolden.h"
#include "tests/support/Python.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;

constexpr double kTolerance = 1e-5;

/// What a network of ours says, as the architecture's scores.
std::vector<double> scores_of(const KerasNetwork& keras, const std::vector<float>& images, std::size_t n) {
  Network network(keras.architecture, keras.weights, 1);
  const auto classes = static_cast<std::size_t>(class_count(keras.architecture));
  std::vector<float> logits(n * classes);
  network.infer(images, n, logits);
  std::vector<double> scores;
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0.0;
    for (std::size_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(logits[i * classes + c]));
    for (std::size_t c = 0; c < classes; ++c) {
      const auto logit = static_cast<double>(logits[i * classes + c]);
      const bool softmax = keras.architecture.scores == Scores::softmax;
      scores.push_back(softmax ? std::exp(logit) / sum : 1.0 / (1.0 + std::exp(-logit)));
    }
  }
  return scores;
}

std::vector<float> read_floats(const std::filesystem::path& path) {
  const std::string bytes = read_bytes(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

void check_scores(const KerasNetwork& keras, const std::vector<float>& images,
                  const std::vector<float>& wanted) {
  const std::vector<double> found = scores_of(keras, images, images.size() / keras.architecture.input.size());
  REQUIRE(found.size() == wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("score " << i << " is " << found[i] << ", Keras' is " << wanted[i]);
    CHECK(std::abs(found[i] - static_cast<double>(wanted[i])) <= kTolerance);
  }
}

const LayerKind& layer(const Architecture& architecture, const std::string& name) {
  const auto found = std::ranges::find(architecture.layers, name, &Layer::name);
  INFO("layer " << name);
  REQUIRE(found != architecture.layers.end());
  return found->kind;
}

/// The line of the error that reading the file ends in.
std::string error_of(const std::filesystem::path& path, ExitCode code, const Architecture* known = nullptr) {
  try {
    read_keras(path, known, kNoShape);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    CHECK_THAT(error.what(), Contains(path.filename().string()));
    return error.what();
  }
  FAIL("no error");
  return {};
}

}  // namespace

TEST_CASE("a model that Keras saved says what it said in Keras, whole models of every version and form") {
  const KerasGolden golden;
  for (const std::string version : KerasGolden::kVersions) {
    for (const std::string name : {"sequential-", "functional-"}) {
      for (const std::string extension : {".keras", ".h5"}) {
        const std::string file = name + version + extension;
        INFO(file);
        const KerasNetwork keras = read_keras(golden.file(file), nullptr, kNoShape);
        CHECK(keras.keras_version == version);
        CHECK(keras.format == (extension == ".h5" ? "Keras HDF5 model" : "Keras archive"));
        CHECK(keras.sha256.size() == 64);
        CHECK(keras.missing.empty());
        const Weights expected = KerasGolden::expected(name + version);
        check_scores(keras, expected.at("input").values, expected.at("scores").values);
      }
    }
  }
}

TEST_CASE("a model whose every layer that does nothing in inference is left out says what it said in Keras") {
  const KerasGolden golden;
  const KerasNetwork keras = read_keras(golden.file("own/idle.keras"), nullptr, kNoShape);
  const Weights expected = KerasGolden::expected("own/idle");
  check_scores(keras, expected.at("input").values, expected.at("scores").values);
  CHECK(keras.architecture.layers.size() == 4);  // Conv2D, BatchNormalization, Flatten, Dense
  CHECK(keras.notes.size() == 14);
}

TEST_CASE("weights alone fit the architecture of the whole model, whatever their file calls the layers") {
  const KerasGolden golden;
  for (const std::string version : KerasGolden::kVersions) {
    for (const std::string name : {"sequential-", "functional-"}) {
      const KerasNetwork whole = read_keras(golden.file(name + version + ".keras"), nullptr, kNoShape);
      const std::string file = name + version + (version.starts_with("2") ? "-weights.h5" : ".weights.h5");
      INFO(file);
      const std::filesystem::path path = golden.file(file);
      CHECK_THAT(error_of(path, ExitCode::usage), Contains("--architecture"));
      // Keras 3.5 does not write the layers' names: which of two layers alike belongs to which model is not
      // known.
      if (file == "functional-3.5.0.weights.h5") {
        CHECK_THAT(error_of(path, ExitCode::bad_data, &whole.architecture),
                   Contains("layer 'bn'") && Contains("two nested models"));
        continue;
      }
      const KerasNetwork keras = read_keras(path, &whole.architecture, kNoShape);
      CHECK(keras.missing.empty());
      CHECK(keras.unused.empty());
      CHECK(keras.weights == whole.weights);
    }
  }
}

TEST_CASE("a Keras model's options become the architecture's, and what is for training only is told") {
  const KerasGolden golden;
  for (const std::string version : KerasGolden::kVersions) {
    INFO(version);
    const KerasNetwork keras = read_keras(golden.file("sequential-" + version + ".keras"), nullptr, kNoShape);
    const Architecture& net = keras.architecture;
    CHECK(net.name == "sequential_golden");
    CHECK(net.input == FeatureShape{21, 16, 1});
    CHECK(net.scores == Scores::softmax);
    CHECK(std::get<Conv2d>(layer(net, "first")) == Conv2d{.filters = 4, .l2 = 0.01F});
    CHECK(std::get<BatchNorm>(layer(net, "batch_normalization")) ==
          BatchNorm{.momentum = 0.8F, .epsilon = 0.01F});
    CHECK(std::get<BatchNorm>(layer(net, "batch_normalization_2")) == BatchNorm{.scale = false});
    CHECK(std::get<LeakyRelu>(layer(net, "leaky_re_lu")) == LeakyRelu{0.2F});
    CHECK(std::get<LeakyRelu>(layer(net, "leaky_re_lu_1")) == LeakyRelu{0.3F});
    CHECK(std::get<DepthwiseConv2d>(layer(net, "depthwise")) == DepthwiseConv2d{.kernel = 5, .stride = 2});
    CHECK(std::get<Dense>(layer(net, "dense")) == Dense{.units = 8, .l2 = 0.002F});
    CHECK(std::get<Activation>(layer(net, "dense_swish")) == Activation{Activation::Function::swish});
    CHECK(std::get<Dense>(net.layers.back().kind).units == 3);
    CHECK(keras.notes.empty());

    const KerasNetwork functional =
        read_keras(golden.file("functional-" + version + ".h5"), nullptr, kNoShape);
    CHECK(functional.architecture.scores == Scores::sigmoid);
    CHECK(std::get<Dropout>(layer(functional.architecture, "drop")) ==
          Dropout{.rate = 0.2F, .whole_sample = true});
    // The nested model's layer of a name that is taken.
    CHECK(std::holds_alternative<BatchNorm>(layer(functional.architecture, "block_bn")));
  }
}

TEST_CASE(
    "EfficientNetB0 comes whole from Keras, its weights alone too, and those of ImageNet with their "
    "rescaling") {
  const auto python = python_with("keras");
  if (!python) return;
  const TemporaryDirectory directory;
  const Finished made = run_program(
      {*python, std::string(EARSHOT_SOURCE_DIR) + "/tests/golden/keras_efficientnet.py", directory.path()});
  INFO(made.err);
  REQUIRE(made.code == 0);
  const std::vector<float> image = read_floats(directory / "features.f32");

  const KerasNetwork whole = read_keras(directory / "model.keras", nullptr, kNoShape);
  check_scores(whole, image, read_floats(directory / "scores.f32"));

  const Architecture ours = efficientnet_b0_architecture(10);
  KerasNetwork alone = read_keras(directory / "notop.h5", &ours, kNoShape);
  CHECK(alone.missing == std::vector<std::string>{"dense"});
  CHECK(alone.unused.empty());
  CHECK(alone.notes.size() == 1);
  for (const auto& [name, tensor] : alone.weights) {
    INFO(name);
    if (!name.starts_with("normalization")) CHECK(tensor == whole.weights.at(name));
  }

  // The same weights by Keras' own way to ImageNet's: there the rescaling is a layer, here it is in a tensor.
  KerasNetwork imagenet = read_keras(directory / "imagenet.keras", nullptr, kNoShape);
  check_scores(imagenet, image, read_floats(directory / "imagenet.f32"));
  for (const char* tensor : {"dense/kernel", "dense/bias"})
    alone.weights[tensor] = imagenet.weights.at(tensor);
  check_scores(alone, image, read_floats(directory / "imagenet.f32"));
  fold_imagenet_rescaling(imagenet, ours);
  CHECK(imagenet.weights.at("normalization/variance") == alone.weights.at("normalization/variance"));
}

TEST_CASE("Google's file of YAMNet's weights fits the built-in network, tensor by tensor") {
  const auto python = python_with("h5py");
  if (!python) return;
  const TemporaryDirectory directory;
  const std::string script = std::string(EARSHOT_SOURCE_DIR) + "/tests/golden/yamnet_weights.py";
  REQUIRE(run_program({*python, script, directory / "yamnet.h5"}).code == 0);
  const Architecture ours = yamnet_architecture();
  const KerasNetwork keras = read_keras(directory / "yamnet.h5", &ours, kNoShape);
  CHECK(keras.keras_version == "2.2.4-tf");
  CHECK(keras.missing.empty());
  CHECK(keras.unused.empty());
  CHECK(keras.architecture.scores == Scores::sigmoid);
  validate(keras.weights, ours);
  // The file has them in our order.
  float number = 0.0F;
  for (const ParameterSpec& spec : parameter_specs(ours)) {
    INFO(spec.name);
    CHECK(keras.weights.at(spec.name).values[1] == ++number);
  }
}

TEST_CASE("a Keras file cut anywhere is an error that names it") {
  const KerasGolden golden;
  const KerasNetwork whole = read_keras(golden.file("sequential-3.5.0.keras"), nullptr, kNoShape);
  for (const std::string name :
       {"functional-2.17.0.h5", "functional-3.15.1.keras", "sequential-3.5.0.weights.h5"}) {
    const std::string bytes = KerasGolden::bytes(name);
    for (std::size_t sixteenth = 0; sixteenth < 16; ++sixteenth) {
      INFO(name << " at " << sixteenth << "/16");
      error_of(golden.write(name, bytes.substr(0, bytes.size() * sixteenth / 16)), ExitCode::bad_data,
               &whole.architecture);
    }
    error_of(golden.write(name, bytes.substr(0, bytes.size() - 1)), ExitCode::bad_data, &whole.architecture);
  }
}

TEST_CASE("a Keras file with bytes changed is read or refused, never worse") {
  const KerasGolden golden;
  std::uint32_t state = 1;
  const auto next = [&state] { return state = state * 1664525U + 1013904223U; };
  for (const std::string name : {"functional-2.17.0.h5", "functional-3.5.0.h5"}) {
    const std::string bytes = KerasGolden::bytes(name);
    for (int round = 0; round < 150; ++round) {
      std::string changed = bytes;
      for (int i = 0; i < 16; ++i) changed[next() % changed.size()] = static_cast<char>(next() >> 24U);
      try {
        const KerasNetwork keras = read_keras(golden.write(name, changed), nullptr, kNoShape);
        CHECK(keras.weights.size() == parameter_specs(keras.architecture).size());
      } catch (const Error& error) {
        // Without its configuration it is a file of weights alone.
        CHECK((error.code() == ExitCode::bad_data || error.code() == ExitCode::usage));
      }
    }
  }
}

}  // namespace earshot::test
