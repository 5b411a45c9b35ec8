// ReduceLrOnPlateau: lowers the learning rate once a loss has stopped falling, by Keras 3.5.0's rules.
#pragma once

#include <limits>

namespace earshot {

class ReduceLrOnPlateau {
 public:
  struct Settings {
    double factor = 0.5;
    int patience = 20;        ///< epochs without improvement before the rate falls
    double least = 1e-6;      ///< the rate never falls below it
    double min_delta = 1e-4;  ///< a loss has improved once it is lower by more than this
  };
  struct State {
    double best = std::numeric_limits<double>::infinity();
    int wait = 0;
  };

  explicit ReduceLrOnPlateau(const Settings& settings) : settings_(settings) {}
  ReduceLrOnPlateau(const Settings& settings, const State& state) : settings_(settings), state_(state) {}

  /// The learning rate that the next epoch runs at, given this epoch's and the loss it ended with (NaN: no
  /// improvement).
  double epoch_ended(double loss, double learning_rate) noexcept;

  const State& state() const noexcept { return state_; }

 private:
  Settings settings_;
  State state_;
};

}  // namespace earshot
