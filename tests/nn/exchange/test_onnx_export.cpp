// OnnxExport: the file read back field by field, and its scores in onnxruntime.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dsp/base/KeyedRandom.h"
#include "nn/exchange/KerasImport.h"
#include "nn/exchange/OnnxExport.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/training/Network.h"
#include "tests/support/KerasGolden.h"
#include "tests/support/Python.h"

namespace earshot::test {
namespace {

constexpr double kOnnxTolerance = 1e-5;

/// Fields of a protobuf message by their number, in order; whole numbers as decimal text.
std::multimap<int, std::string> fields(std::string_view message) {
  std::multimap<int, std::string> found;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      REQUIRE(at < message.size());
      const auto byte = static_cast<unsigned char>(message[at++]);
      value |= static_cast<std::uint64_t>(byte & 127U) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.size()) {
    const std::uint64_t key = varint();
    const std::uint64_t wire = key & 7U;
    const int number = static_cast<int>(key >> 3U);
    if (wire == 0) {
      found.emplace(number, std::to_string(varint()));
      continue;
    }
    const std::size_t size = wire == 2 ? varint() : wire == 5 ? 4U : 8U;
    REQUIRE(size <= message.size() - at);
    found.emplace(number, message.substr(at, size));
    at += size;
  }
  return found;
}

std::string only(const std::multimap<int, std::string>& message, int number) {
  REQUIRE(message.count(number) == 1);
  return message.find(number)->second;
}

/// Every tensor away from where it starts, running statistics that do not blow up.
Weights untrivial_weights(const Architecture& architecture) {
  Weights weights = initial_weights(architecture, 3);
  KeyedRandom random(4);
  for (auto& [name, tensor] : weights) {
    const bool positive = name.ends_with("variance") || name.ends_with("gamma");
    const bool kernel = name.ends_with("kernel");
    for (float& value : tensor.values) {
      if (!kernel)
        value = static_cast<float>(positive ? random.uniform(0.6, 1.5) : random.uniform(-0.2, 0.2));
    }
  }
  return weights;
}

Model labelled_model(Architecture architecture, Weights weights) {
  Model model;
  for (int i = 0; i < class_count(architecture); ++i) model.labels.push_back("class " + std::to_string(i));
  model.architecture = std::move(architecture);
  model.weights = std::move(weights);
  return model;
}

std::vector<double> scores_of(const Model& model, const std::vector<float>& images, std::size_t n) {
  Network network(model.architecture, model.weights, 1);
  const std::size_t classes = model.labels.size();
  std::vector<float> logits(n * classes);
  network.infer(images, n, logits);
  std::vector<double> scores;
  for (std::size_t i = 0; i < n; ++i) {
    const auto at = [&](std::size_t c) {
      return std::exp(static_cast<double>(logits[i * classes + c]) / static_cast<double>(model.temperature));
    };
    double sum = 0.0;
    for (std::size_t c = 0; c < classes; ++c) sum += at(c);
    const bool softmax = model.architecture.scores == Scores::softmax;
    for (std::size_t c = 0; c < classes; ++c) scores.push_back(softmax ? at(c) / sum : at(c) / (1.0 + at(c)));
  }
  return scores;
}

void check_in_onnxruntime(const std::string& python, const Model& model) {
  INFO(model.architecture.name);
  constexpr std::size_t kWindows = 3;
  const TemporaryDirectory directory;
  std::vector<float> images(kWindows * model.architecture.input.size());
  KeyedRandom random(5);
  for (float& value : images) value = static_cast<float>(random.uniform());
  directory.write("model.onnx", onnx_model(model));
  directory.write("features.f32", std::string_view(reinterpret_cast<const char*>(images.data()),
                                                   images.size() * sizeof(float)));
  const Finished run =
      run_program({python, std::string(EARSHOT_SOURCE_DIR) + "/tests/golden/onnx_scores.py",
                   directory / "model.onnx", directory / "features.f32", directory / "scores.f32"});
  INFO(run.err);
  REQUIRE(run.code == 0);
  const std::string bytes = read_bytes(directory / "scores.f32");
  const std::vector<double> ours = scores_of(model, images, kWindows);
  std::vector<float> theirs(bytes.size() / sizeof(float));
  REQUIRE(theirs.size() == ours.size());
  std::memcpy(theirs.data(), bytes.data(), bytes.size());
  double worst = 0.0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    worst = std::max(worst, std::abs(ours[i] - static_cast<double>(theirs[i])));
  }
  CHECK(worst <= kOnnxTolerance);
}

}  // namespace

TEST_CASE("an exported model read back has the network's nodes, tensors and free batch") {
  const KerasGolden golden;
  KerasNetwork keras = read_keras(golden.file("functional-3.5.0.keras"), nullptr, {});
  Model model = labelled_model(std::move(keras.architecture), std::move(keras.weights));
  model.temperature = 2.0F;
  const auto file = fields(onnx_model(model));
  CHECK(only(file, 1) == "7");                    // IR version
  CHECK(only(fields(only(file, 8)), 2) == "13");  // opset
  std::map<std::string, std::string> metadata;
  for (auto [at, end] = file.equal_range(14); at != end; ++at) {
    metadata[only(fields(at->second), 1)] = only(fields(at->second), 2);
  }
  CHECK(metadata.at("labels") == R"(["class 0","class 1","class 2","class 3","class 4"])");
  CHECK(metadata.contains("recipe"));

  const auto graph = fields(only(file, 7));
  std::map<std::string, int> types;
  std::map<std::string, std::string> made;  // every output, by its node's type
  for (auto [at, end] = graph.equal_range(1); at != end; ++at) {
    const auto node = fields(at->second);
    const std::string type = only(node, 4);
    ++types[type];
    CHECK(made.emplace(only(node, 2), type).second);
  }
  CHECK(types.at("Conv") == 8);  // stem, block: expand, depthwise, reduce, gate, project; side, top
  CHECK(types.at("BatchNormalization") == 4);
  CHECK(types.at("GlobalAveragePool") == 2);
  CHECK(types.at("Pad") == 2);
  CHECK(types.at("Gemm") == 1);
  CHECK(made.at("scores") == "Sigmoid");
  CHECK(made.at("logits") == "Div");  // by the temperature

  // Each parameter is there under its name, as many values as it has.
  std::map<std::string, std::size_t> tensors;
  for (auto [at, end] = graph.equal_range(5); at != end; ++at) {
    const auto tensor = fields(at->second);
    tensors[only(tensor, 8)] = only(tensor, 9).size();
  }
  for (const auto& [name, tensor] : model.weights) {
    if (name.ends_with("normalization/variance")) continue;  // as its square root
    INFO(name);
    REQUIRE(tensors.contains(name));
    CHECK(tensors.at(name) == tensor.values.size() * sizeof(float));
  }

  const auto shape = [](const std::string& value_info) {
    std::vector<std::string> sizes;
    const auto dims = fields(only(fields(only(fields(only(fields(value_info), 2)), 1)), 2));
    for (auto [at, end] = dims.equal_range(1); at != end; ++at)
      sizes.push_back(fields(at->second).begin()->second);
    return sizes;
  };
  CHECK(shape(only(graph, 11)) == std::vector<std::string>{"batch", "17", "16", "3"});
  CHECK(shape(only(graph, 12)) == std::vector<std::string>{"batch", "5"});
}

TEST_CASE("a layer may be called as the graph calls its own ends") {
  Architecture architecture = v6_architecture(2);
  architecture.input = {8, 8, 1};
  architecture.layers = {
      {"features", Conv2d{.filters = 2}}, {"logits", GlobalAveragePool2d{}}, {"scores", Dense{.units = 2}}};
  const Weights weights = initial_weights(architecture, 1);
  const auto graph = fields(only(fields(onnx_model(labelled_model(architecture, weights))), 7));
  std::vector<std::string> names;
  for (auto [at, end] = graph.equal_range(1); at != end; ++at) names.push_back(only(fields(at->second), 2));
  CHECK(names == std::vector<std::string>{"input", "features/layer", "logits/layer", "logits/layer/flat",
                                          "scores/layer", "scores"});
}

TEST_CASE("onnxruntime gives an exported model's scores, every built-in network and what came from Keras") {
  const auto python = python_with("onnxruntime");
  if (!python) return;
  for (const std::string& name : built_in_names()) {
    Architecture architecture = built_in_architecture(name, 10);
    Weights weights = untrivial_weights(architecture);
    Model model = labelled_model(std::move(architecture), std::move(weights));
    model.temperature = 1.5F;
    check_in_onnxruntime(*python, model);
  }
  const KerasGolden golden;
  for (const std::string file : {"sequential-3.5.0.keras", "functional-3.5.0.keras"}) {
    KerasNetwork keras = read_keras(golden.file(file), nullptr, {});
    check_in_onnxruntime(*python, labelled_model(std::move(keras.architecture), std::move(keras.weights)));
  }
}

}  // namespace earshot::test
