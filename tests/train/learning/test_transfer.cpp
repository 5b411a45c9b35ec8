// A start from another model's weights: what is taken, what is fresh, what is frozen.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Model.h"
#include "nn/training/Network.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/data/DataSet.h"
#include "train/learning/FrozenLayers.h"
#include "train/learning/Training.h"
#include "train/learning/TrainingProgress.h"
#include "train/learning/Transfer.h"
#include "train/measuring/TrainedOn.h"

using namespace earshot;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

Architecture small(int filters, int classes) {
  return {"small",
          {8, 8, 1},
          {{"conv2d", Conv2d{filters}},
           {"batch_normalization", BatchNorm{}},
           {"pool", GlobalAveragePool2d{}},
           {"dense", Dense{4}},
           {"dense_1", Dense{classes}}}};
}

std::string refusal(const TransferSettings& settings, const Architecture& architecture) {
  try {
    start_of(settings, architecture, FeatureRecipe{}, {"c", "d"}, 1);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

const std::string kBundled = std::string(EARSHOT_SOURCE_DIR) + "/config/esc10-v6.safetensors";

}  // namespace

TEST_CASE("a head for other labels starts fresh, what fits is taken, and it is said") {
  const test::TemporaryDirectory directory;
  const Architecture architecture = v6_architecture(2);
  const Weights from_seed = initial_weights(architecture, 1);
  Model model;
  model.labels = {"a", "b"};
  model.architecture = architecture;
  model.weights = initial_weights(architecture, 99);
  model.provenance = {
      {"data", "birds: 8 clips"}, {"held out", "fold 2"}, {"notice", "by Ann"}, {"seed", "4"}};
  save_model(model, directory / "base.safetensors");
  const TransferSettings settings{directory / "base.safetensors", "global_average_pooling2d"};

  const Start same = start_of(settings, architecture, {}, {"a", "b"}, 1);
  CHECK(same.weights == model.weights);
  CHECK(same.provenance == std::map<std::string, std::string>{{"initial weights", "base.safetensors"},
                                                              {"initial data", "birds: 8 clips"},
                                                              {"initial held out", "fold 2"},
                                                              {"notice", "by Ann"}});
  const Start other = start_of(settings, architecture, {}, {"c", "d"}, 1);
  CHECK(other.weights.at("conv2d/kernel") == model.weights.at("conv2d/kernel"));
  CHECK(other.weights.at("dense_1/kernel") == model.weights.at("dense_1/kernel"));
  CHECK(other.weights.at("dense_2/kernel") == from_seed.at("dense_2/kernel"));
  CHECK_THAT(other.summary,
             Contains("base.safetensors; from the seed: dense_2; frozen up to global_average"));
  CHECK(architecture.layers[other.frozen_layers - 1].name == "global_average_pooling2d");
  CHECK(start_of({settings.initial_weights, "3"}, architecture, {}, {"c", "d"}, 1).frozen_layers == 3);

  const Start more = start_of(settings, v6_architecture(3), {}, {"a", "b", "c"}, 1);
  CHECK(more.weights.at("dense_2/kernel").shape == std::vector<std::int64_t>{64, 3});
  CHECK(more.settings.at("transfer.initial_weights") == other.settings.at("transfer.initial_weights"));

  FeatureRecipe features;
  features.hop_samples = 1024;
  CHECK_THAT(start_of(settings, architecture, features, {"a", "b"}, 1).summary, Contains("other features"));
  CHECK(start_of({}, architecture, {}, {"a", "b"}, 1).weights == from_seed);
}

TEST_CASE("whoever measures is told of clips that a model knows, or that its weights began with") {
  const DataSet data{"birds", {"a", "b"}, {}};
  Model model;
  model.provenance = {{"data", "cats: 9 clips"}};
  CHECK(trained_on_warning(model, data, {1}).empty());
  model.provenance["initial data"] = "birds: 8 clips of folds 1, 3";
  model.provenance["initial held out"] = "fold 2";
  CHECK_THAT(trained_on_warning(model, data, {1}), Contains("began with") && Contains("without fold 2"));
  CHECK(trained_on_warning(model, data, {2}).empty());
  model.provenance["data"] = "birds: 8 clips of folds 2, 3";
  CHECK_THAT(trained_on_warning(model, data, {2}), Contains("the model was trained on birds"));
}

TEST_CASE("a start that cannot be is refused with what was found and expected") {
  const test::TemporaryDirectory directory;
  const Architecture architecture = v6_architecture(2);
  CHECK_THAT(refusal({"", "4"}, architecture), Contains("--initial-weights"));
  CHECK_THAT(refusal({kBundled, "attic"}, architecture), Contains("'attic'") && Contains("a layer of v6"));
  CHECK_THAT(refusal({kBundled, "dense_2"}, architecture), Contains("before the last"));
  CHECK_THAT(refusal({kBundled, "1000"}, architecture), Contains("1000") && Contains("layers of v6"));
  CHECK_THAT(refusal({directory / "absent", ""}, architecture), Contains("absent"));
  Architecture narrower = architecture;
  std::get<Conv2d>(narrower.layers[0].kind).filters = 8;
  CHECK_THAT(refusal({kBundled, "1"}, narrower), Contains("nothing that fits layer 'conv2d'"));
  CHECK_THAT(
      refusal({kBundled, ""}, {"other", {8, 8, 1}, {{"pool", GlobalAveragePool2d{}}, {"top", Dense{2}}}}),
      Contains("no tensor") && Contains("'top/kernel'"));
}

TEST_CASE("a network split after its frozen layers gives what the whole one gives") {
  Start start;
  start.architecture = small(3, 2);
  start.weights = initial_weights(start.architecture, 5);
  KeyedRandom random(3);
  FeatureSet features;
  features.shape = {8, 8, 1};
  features.labels = {0, 1, 0};
  features.clips = {4, 5, 6};
  for (int i = 0; i < 3 * 64; ++i) features.images.push_back(static_cast<float>(random.uniform(0.0, 1.0)));
  std::vector<float> whole(6);
  Network(start.architecture, start.weights, 1).infer(features.images, 3, whole);

  start.frozen_layers = 3;
  const auto split = split_network(start);
  REQUIRE(split);
  const FeatureSet outputs = base_outputs(*split, features, 2);
  CHECK(outputs.shape.size() == 3);
  CHECK(outputs.clips == features.clips);
  std::vector<float> halves(6);
  Network(split->rest, split->rest_weights, 1).infer(outputs.images, 3, halves);
  for (std::size_t i = 0; i < 6; ++i) CHECK(halves[i] == Approx(whole[i]).margin(1e-6));

  start.frozen_layers = 2;
  CHECK_FALSE(split_network(start));  // an image lies between the parts
  start.frozen_layers = 0;
  CHECK_FALSE(split_network(start));
}

TEST_CASE("layers that have to be computed anew each time stay frozen as well, their BatchNorms included") {
  Start start;
  start.architecture = small(3, 2);
  start.weights = initial_weights(start.architecture, 5);
  start.frozen_layers = 2;
  KeyedRandom random(3);
  FeatureSet features;
  features.shape = {8, 8, 1};
  features.labels = {0, 1, 0, 1};
  features.clips = {0, 1, 2, 3};
  for (int i = 0; i < 4 * 64; ++i) features.images.push_back(static_cast<float>(random.uniform(0.0, 1.0)));
  TrainConfig config;
  config.epochs = 1;
  config.batch = 2;
  config.augmentation.reset();
  config.plateau.reset();
  config.early_stopping.reset();
  config.checkpoint.reset();
  config.optimization.optimizer = {.kind = Optimizer::Kind::adamw, .weight_decay = 0.1};
  const FeatureSet none;
  Training training(config, 2, start, features, none, 1);
  std::ostringstream said;
  TrainingProgress progress(said, Terminal{}, 1, 4, static_cast<std::size_t>(config.batch));
  REQUIRE(training.run_epoch([] { return false; }, progress) == Training::Outcome::done);
  const Weights after = training.weights();
  for (const char* tensor : {"conv2d/kernel", "conv2d/bias", "batch_normalization/gamma",
                             "batch_normalization/moving_mean", "batch_normalization/moving_variance"}) {
    CHECK(after.at(tensor) == start.weights.at(tensor));
  }
  CHECK(after.at("dense/kernel") != start.weights.at("dense/kernel"));
}

TEST_CASE("layers behind the frozen ones may read the picture again") {
  const Architecture architecture{"again",
                                  {8, 8, 1},
                                  {{"a", Conv2d{1}},
                                   {"norm", BatchNorm{}},
                                   {"b", Conv2d{1}},
                                   {"sum", Add{}, {"b", std::string(kNetworkInput)}},
                                   {"pool", GlobalAveragePool2d{}},
                                   {"dense", Dense{2}}}};
  const Weights weights = initial_weights(architecture, 5);
  Network whole(architecture, weights, 1);
  Network frozen(architecture, weights, 1, 2);
  KeyedRandom random(3);
  std::vector<float> images(2 * 64);
  for (float& value : images) value = static_cast<float>(random.uniform(0.0, 1.0));
  const std::vector<std::uint64_t> keys(2);
  std::vector<float> logits(4);
  frozen.forward(images, keys, logits);
  frozen.backward(std::vector<float>{1.0F, -1.0F, 1.0F, -1.0F});
  std::vector<float> expected(4);
  whole.infer(images, 2, expected);
  // The one BatchNorm is frozen, so that training's forward is inference.
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(logits[i] == Approx(expected[i]).margin(1e-6));
  for (const Parameter& parameter : frozen.parameters()) CHECK_THAT(parameter.spec->name, !Contains("a/"));
}
