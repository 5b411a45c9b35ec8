// train.batch_norm_statistics: which statistics validate and are kept, and that nothing else depends on them.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <sstream>
#include <string>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "nn/model/Architecture.h"
#include "nn/model/Weights.h"
#include "nn/training/Network.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/learning/MeasuredStatistics.h"
#include "train/learning/Training.h"
#include "train/learning/TrainingProgress.h"

namespace earshot::test {
namespace {

using Statistics = TrainConfig::BatchNormStatistics;

/// Grey pictures, brighter on the left or on the right: two classes.
FeatureSet lit_pictures(std::size_t n, std::uint64_t key) {
  KeyedRandom random(key);
  FeatureSet set;
  set.shape = {8, 8, 1};
  for (std::size_t i = 0; i < n; ++i) {
    const int label = static_cast<int>(i % 2);
    set.labels.push_back(label);
    set.clips.push_back(i);
    for (int pixel = 0; pixel < 64; ++pixel) {
      const bool lit = (pixel % 8 < 4) == (label == 0);
      set.images.push_back(static_cast<float>(random.uniform(5.0, 6.0) + (lit ? 0.5 : 0.0)));
    }
  }
  return set;
}

Start start_of_small_network() {
  Start start;
  start.architecture = {"small",
                        {8, 8, 1},
                        {{"conv2d", Conv2d{4}},
                         {"norm", BatchNorm{}},
                         {"relu", LeakyRelu{}},
                         {"flatten", Flatten{}},
                         {"dense", Dense{8}},
                         {"drop", Dropout{0.2F}},
                         {"dense_norm", BatchNorm{}},
                         {"dense_1", Dense{2}}}};
  start.weights = initial_weights(start.architecture, 5);
  return start;
}

/// Four steps an epoch; nothing but steps decides about the weights.
TrainConfig plain_config(Statistics statistics, double ema_decay = 0.0) {
  TrainConfig config;
  config.epochs = 3;
  config.batch = 8;
  config.learning_rate = 0.01;
  config.batch_norm_statistics = statistics;
  config.optimization.ema_decay = ema_decay;
  config.augmentation = ImageAugmentation::Settings{};
  config.plateau.reset();
  config.early_stopping.reset();
  config.checkpoint.reset();
  return config;
}

/// Outlives every training.
const FeatureSet& no_clips() {
  static const FeatureSet none;
  return none;
}

struct Run {
  Run(const TrainConfig& wanted, const FeatureSet& train, const FeatureSet& validation,
      const Start& start = start_of_small_network())
      : config(wanted),
        training(config, 2, start, train, validation, 1),
        progress(said, Terminal{}, config.epochs, train.size(), static_cast<std::size_t>(config.batch)) {}

  /// Until the end, or until `steps` steps are done.
  void go(std::size_t steps = std::numeric_limits<std::size_t>::max()) {
    while (!training.finished()) {
      const auto outcome = training.run_epoch([&] { return steps-- == 0; }, progress);
      if (outcome == Training::Outcome::interrupted) return;
    }
    training.finish();
  }

  TrainConfig config;
  Training training;
  std::ostringstream said;
  TrainingProgress progress;
};

bool holds_statistics(const std::string& tensor) {
  return tensor.ends_with("/moving_mean") || tensor.ends_with("/moving_variance");
}

/// What measuring makes of weights.
Weights measured_anew(const Weights& weights, const TrainConfig& config, const FeatureSet& train) {
  Network network(start_of_small_network().architecture, weights, 1);
  measure_statistics(network, train, config.seed, static_cast<std::size_t>(config.batch));
  return network.weights();
}

}  // namespace

TEST_CASE("measured statistics are those of the weights that are kept, and change nothing else by a bit") {
  const double ema_decay = GENERATE(0.0, 0.9);
  const bool validates = GENERATE(false, true);
  INFO(ema_decay << ", " << validates);
  const FeatureSet train = lit_pictures(30, 1);
  const FeatureSet validation = validates ? lit_pictures(6, 2) : FeatureSet{};
  Run running(plain_config(Statistics::running, ema_decay), train, validation);
  Run measured(plain_config(Statistics::measured, ema_decay), train, validation);
  running.go();
  measured.go();
  const Weights expected = running.training.weights_to_keep();
  const Weights found = measured.training.weights_to_keep();
  for (const auto& [name, tensor] : found) {
    INFO(name);
    CHECK((tensor == expected.at(name)) == !holds_statistics(name));
  }
  CHECK(found == measured_anew(found, measured.config, train));
  const TrainingState with = measured.training.state();
  const TrainingState without = running.training.state();
  CHECK(with.optimizer.slots == without.optimizer.slots);
  REQUIRE(with.history.size() == 3);
  for (std::size_t epoch = 0; epoch < with.history.size(); ++epoch) {
    CHECK(with.history[epoch].loss == without.history[epoch].loss);
    CHECK((with.history[epoch].val_loss != without.history[epoch].val_loss) == validates);
  }
}

TEST_CASE("steps go on from their own weights, whatever average was measured and validated in between") {
  const FeatureSet train = lit_pictures(30, 1);
  const FeatureSet validation = lit_pictures(6, 2);
  Run plain(plain_config(Statistics::running), train, no_clips());
  Run averaging(plain_config(Statistics::measured, 0.9), train, validation);
  plain.go();
  averaging.go();
  CHECK(averaging.training.state().weights == plain.training.state().weights);
  CHECK(averaging.training.weights() != averaging.training.state().weights);
}

TEST_CASE("a run with measured statistics that was stopped anywhere ends as an unbroken one") {
  const double ema_decay = GENERATE(0.0, 0.9);
  const bool validates = GENERATE(false, true);
  const std::size_t steps = GENERATE(0U, 3U, 4U, 9U);
  INFO(ema_decay << ", " << validates << ", " << steps);
  const TemporaryDirectory directory;
  const FeatureSet train = lit_pictures(30, 1);
  const FeatureSet validation = validates ? lit_pictures(6, 2) : FeatureSet{};
  TrainConfig config = plain_config(Statistics::measured, ema_decay);
  if (validates) config.early_stopping = {.monitor = TrainConfig::Monitor::val_loss, .settings = {}};
  Run unbroken(config, train, validation);
  unbroken.go();
  Run stopped(config, train, validation);
  stopped.go(steps);
  REQUIRE_FALSE(stopped.training.finished());
  save_training_state(stopped.training.state(), directory / "state");
  Run resumed(config, train, validation);
  resumed.training.set_state(load_training_state(directory / "state"));
  resumed.go();
  CHECK(resumed.training.weights_to_keep() == unbroken.training.weights_to_keep());
  CHECK(resumed.training.weights() == unbroken.training.weights());
  CHECK(resumed.training.last_epoch().val_loss == unbroken.training.last_epoch().val_loss);
}

TEST_CASE("a run that goes on to more epochs ends as if it had had them from the beginning") {
  const FeatureSet train = lit_pictures(30, 1);
  TrainConfig config = plain_config(Statistics::measured);
  Run longer(config, train, no_clips());
  config.epochs = 2;
  Run shorter(config, train, no_clips());
  longer.go();
  shorter.go();
  config.epochs = 3;
  Run gone_on(config, train, no_clips());
  gone_on.training.set_state(shorter.training.state());
  gone_on.go();
  CHECK(gone_on.training.weights_to_keep() == longer.training.weights_to_keep());
}

TEST_CASE("early stopping keeps an epoch with the statistics of its weights") {
  const FeatureSet train = lit_pictures(30, 1);
  TrainConfig config = plain_config(Statistics::measured, 0.9);
  config.early_stopping = {.monitor = TrainConfig::Monitor::loss, .settings = {.patience = 3}};
  Run run(config, train, no_clips());
  run.go();
  const Weights kept = run.training.weights_to_keep();
  CHECK(kept == measured_anew(kept, config, train));
}

TEST_CASE("after a few steps a momentum of 0.99 validates by chance where measured statistics are right") {
  const FeatureSet train = lit_pictures(64, 1);
  const FeatureSet validation = lit_pictures(40, 2);
  const auto accuracy = [&](Statistics statistics) {
    TrainConfig config = plain_config(statistics);
    config.augmentation.reset();
    config.epochs = 2;
    Run run(config, train, validation);
    run.go();
    CHECK(run.training.last_epoch().accuracy > 0.9);  // it has learnt them
    return run.training.last_epoch().val_accuracy.value();
  };
  CHECK(accuracy(Statistics::running) < 0.7);
  CHECK(accuracy(Statistics::measured) > 0.95);
}

TEST_CASE("layers that are frozen keep their statistics, also where the others' are measured") {
  const FeatureSet train = lit_pictures(30, 1);
  Start start = start_of_small_network();
  start.frozen_layers = 3;
  Run run(plain_config(Statistics::measured), train, no_clips(), start);
  run.go();
  const Weights kept = run.training.weights_to_keep();
  CHECK(kept.at("norm/moving_mean") == start.weights.at("norm/moving_mean"));
  CHECK(kept.at("norm/moving_variance") == start.weights.at("norm/moving_variance"));
  CHECK(kept.at("dense_norm/moving_mean") != start.weights.at("dense_norm/moving_mean"));
}

TEST_CASE("of many clips 1024 are measured, the same each time, drawn by the seed") {
  const Architecture architecture{
      "one", {1, 1, 1}, {{"norm", BatchNorm{}}, {"flat", Flatten{}}, {"logits", Dense{2}}}};
  FeatureSet clips;
  clips.shape = {1, 1, 1};
  for (int i = 0; i < 2000; ++i) {
    clips.images.push_back(static_cast<float>(i));
    clips.labels.push_back(0);
  }
  const auto mean = [&](std::uint64_t seed) {
    Network network(architecture, initial_weights(architecture, 1), 1);
    measure_statistics(network, clips, seed, 64);
    return static_cast<double>(network.weights().at("norm/moving_mean").values[0]);
  };
  // Of 2000, deviating by 577: 1024 of them without repetition err by 13.
  CHECK(mean(1) == Approx(999.5).margin(60.0));
  CHECK(mean(1) != mean(2));
  CHECK(mean(1) == mean(1));
  const double sum = mean(1) * 1024.0;  // of whole numbers
  CHECK(sum == Approx(std::round(sum)).margin(0.05));
}

TEST_CASE("a run whose measured statistics are not finite stops and names epoch and tensor") {
  const FeatureSet train = lit_pictures(8, 1);
  TrainConfig config = plain_config(Statistics::measured);
  config.epochs = 1;
  config.learning_rate = 1e25;  // one step: its batch is still finite
  Run run(config, train, no_clips());
  try {
    run.go();
    FAIL("it went on");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::config);
    CHECK_THAT(error.what(), Catch::Contains("v6: epoch 1, its end: found values of norm/moving_variance"));
  }
}

}  // namespace earshot::test
