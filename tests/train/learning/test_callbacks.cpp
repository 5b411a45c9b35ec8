#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "train/learning/EarlyStopping.h"
#include "train/learning/ModelCheckpoint.h"
#include "train/learning/ReduceLrOnPlateau.h"

using namespace earshot;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> rates_after(ReduceLrOnPlateau plateau, double rate, const std::vector<double>& losses) {
  std::vector<double> rates;
  for (const double loss : losses) rates.push_back(rate = plateau.epoch_ended(loss, rate));
  return rates;
}

struct Run {
  std::vector<int> kept;  // epochs whose weights were to be kept
  int stopped = -1;
};

Run run(EarlyStopping stopping, const std::vector<double>& losses) {
  Run result;
  for (std::size_t epoch = 0; epoch < losses.size() && result.stopped < 0; ++epoch) {
    const auto verdict = stopping.epoch_ended(static_cast<int>(epoch), losses[epoch]);
    if (verdict.keep_weights) result.kept.push_back(static_cast<int>(epoch));
    if (verdict.stop) result.stopped = static_cast<int>(epoch);
  }
  return result;
}

}  // namespace

// The sequences below follow
// keras/src/callbacks/{reduce_lr_on_plateau,early_stopping,model_checkpoint}.py, 3.5.0.

TEST_CASE("the learning rate falls after patience epochs without a loss lower by more than the delta") {
  const ReduceLrOnPlateau plateau({.factor = 0.5, .patience = 2, .least = 1e-6});
  // 0.99995 is lower than 1 by less than 1e-4: no improvement. After the fall, the wait begins anew.
  CHECK(rates_after(plateau, 0.1, {1.0, 0.99995, 0.99995, 0.99995, 1.0, 0.9, 0.95, 0.9}) ==
        std::vector<double>{0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125});
}

TEST_CASE("the learning rate never falls below the least, and NaN is no improvement") {
  const ReduceLrOnPlateau plateau({.factor = 0.1, .patience = 1, .least = 0.02});
  CHECK(rates_after(plateau, 0.1, {1.0, kNan, 1.0, 1.0, 0.5}) ==
        std::vector<double>{0.1, 0.02, 0.02, 0.02, 0.02});
}

TEST_CASE("with the source's patience of 20 a run stopped after 10 epochs never lowers its rate") {
  ReduceLrOnPlateau plateau(ReduceLrOnPlateau::Settings{});
  EarlyStopping stopping(EarlyStopping::Settings{});
  double rate = 1e-3;
  int epoch = 0;
  for (bool stop = false; !stop; ++epoch) {
    rate = plateau.epoch_ended(1.0, rate);
    stop = stopping.epoch_ended(epoch, 1.0).stop;
  }
  CHECK(epoch == 11);  // epoch 0 is the best
  CHECK(rate == 1e-3);
}

TEST_CASE("early stopping keeps each lower loss and stops after patience others") {
  const Run result = run(EarlyStopping({.patience = 3}), {1.0, 0.8, 0.9, 0.8, 0.7, 0.7, 0.75, 0.71, 0.1});
  CHECK(result.kept == std::vector<int>{0, 1, 4});
  CHECK(result.stopped == 7);
}

TEST_CASE("early stopping of patience 1 does not stop at epoch 0, whatever its loss") {
  const Run result = run(EarlyStopping({.patience = 1}), {kNan, kNan});
  CHECK(result.kept == std::vector<int>{0});  // something to go back to, even if nothing ever improves
  CHECK(result.stopped == 1);
}

TEST_CASE("epochs before the start epoch are neither kept nor counted") {
  const Run result = run(EarlyStopping({.patience = 2, .start_epoch = 3}), {0.1, 0.1, 0.1, 0.5, 0.6, 0.6});
  CHECK(result.kept == std::vector<int>{3});
  CHECK(result.stopped == 5);
}

TEST_CASE("callbacks made from a state go on where it was taken") {
  EarlyStopping first({.patience = 2});
  first.epoch_ended(0, 1.0);
  first.epoch_ended(1, 1.5);
  EarlyStopping second({.patience = 2}, first.state());
  CHECK(second.epoch_ended(2, 1.2).stop);
  ReduceLrOnPlateau plateau({.factor = 0.5, .patience = 2});
  plateau.epoch_ended(1.0, 0.1);
  plateau.epoch_ended(1.0, 0.1);
  CHECK(ReduceLrOnPlateau({.factor = 0.5, .patience = 2}, plateau.state()).epoch_ended(1.0, 0.1) == 0.05);
}

TEST_CASE("a checkpoint is saved for strictly lower losses only") {
  ModelCheckpoint checkpoint;
  CHECK_FALSE(checkpoint.epoch_ended(kNan));
  CHECK(checkpoint.epoch_ended(1.0));
  CHECK_FALSE(checkpoint.epoch_ended(1.0));
  CHECK(checkpoint.epoch_ended(0.999999));
  CHECK_FALSE(ModelCheckpoint(checkpoint.best()).epoch_ended(0.999999));
}
