#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>

#include "dsp/base/AtomicFile.h"
#include "dsp/base/Error.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/learning/TrainingState.h"

using namespace earshot;
using Catch::Matchers::Contains;

namespace {

TrainingState example_state() {
  TrainingState state;
  state.settings = {{"train.batch", "16"}, {"data.train", "320 clips, 0123"}};
  state.weights["dense/kernel"] = {{2, 3}, {0.1F, -0.0F, 1e-30F, 3.0F, 4.0F, 5.0F}};
  state.kept["dense/kernel"] = {{2, 3}, {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}};
  state.optimizer = {7, {{"moments_1", {0.1F, 0.2F}}, {"moments_2", {0.3F, 0.4F}}}};
  state.average["dense/kernel"] = {{2, 3}, {0.5F, 0.25F, 0.125F, 3.0F, 4.0F, 5.0F}};
  state.learning_rate = 0.1 / 3.0;
  state.progress = {32, 1.0 / 3.0, 30, 11, 0.25};
  state.history = {{1, 2.0 / 3.0, 0.5, 0.7, 0.25, 1e-3, 10.5},
                   {2, 0.6, 0.5, std::nullopt, std::nullopt, 1e-3, 9.5}};
  state.plateau = {0.7, 3};
  state.early_stopping = {0.1 + 0.2, 4, 5};
  state.stopped_early = true;
  return state;
}

}  // namespace

TEST_CASE("a training state comes back from its file to the bit") {
  const test::TemporaryDirectory directory;
  const TrainingState before = example_state();
  save_training_state(before, directory / "state");
  const TrainingState after = load_training_state(directory / "state");
  CHECK(after.settings == before.settings);
  CHECK(after.weights == before.weights);
  CHECK(after.kept == before.kept);
  CHECK(after.optimizer.steps == 7);
  CHECK(after.optimizer.slots == before.optimizer.slots);
  CHECK(after.average == before.average);
  CHECK(after.learning_rate == before.learning_rate);
  CHECK(after.progress.clips == 32);
  CHECK(after.progress.loss_sum == before.progress.loss_sum);
  CHECK(after.progress.correct == 11);
  REQUIRE(after.history.size() == 2);
  CHECK(after.history[0].loss == before.history[0].loss);
  CHECK(after.history[0].val_loss == before.history[0].val_loss);
  CHECK_FALSE(after.history[1].val_loss);
  CHECK(after.plateau.best == 0.7);
  CHECK(after.early_stopping.best == 0.1 + 0.2);
  CHECK(after.early_stopping.best_epoch == 4);
  CHECK(after.stopped_early);
  CHECK(std::isinf(after.checkpoint.best()));
}

TEST_CASE("a truncated, a foreign and a missing training state are refused by name") {
  const test::TemporaryDirectory directory;
  save_training_state(example_state(), directory / "state");
  std::ifstream file(directory / "state", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (std::size_t length = 0; length < bytes.size(); length += 97) {
    const auto cut = directory.write("cut", std::string_view(bytes).substr(0, length));
    CHECK_THROWS_WITH(load_training_state(cut), Contains("cut: "));
  }
  CHECK_THROWS_WITH(load_training_state(directory.write("text", "hello")), Contains("text: "));
  CHECK_THROWS_WITH(load_training_state(directory / "absent"), Contains("absent: No such file or directory"));
}

TEST_CASE("a history is one line an epoch, and absent validation figures are empty") {
  CHECK(history_csv(example_state().history) ==
        "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds\n"
        "1,0.666667,0.5,0.7,0.25,0.001,10.50\n"
        "2,0.6,0.5,,,0.001,9.50\n");
}
