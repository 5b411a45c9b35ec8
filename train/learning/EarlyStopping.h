// EarlyStopping: ends a run whose loss no longer falls and names the epoch to go back to, by Keras 3.5.0's
// rules.
#pragma once

#include <limits>

namespace earshot {

class EarlyStopping {
 public:
  struct Settings {
    int patience = 10;    ///< epochs without improvement before the run ends
    int start_epoch = 0;  ///< earlier epochs, counted from 0, are neither judged nor gone back to
  };
  struct State {
    double best = std::numeric_limits<double>::infinity();
    int best_epoch = -1;  ///< counted from 0; -1: none judged yet
    int wait = 0;
  };
  struct Verdict {
    bool keep_weights =
        false;  ///< these weights, running statistics included, are the ones to restore on every exit
    bool stop = false;
  };

  explicit EarlyStopping(const Settings& settings) : settings_(settings) {}
  EarlyStopping(const Settings& settings, const State& state) : settings_(settings), state_(state) {}

  /// `epoch` counts from 0. The first epoch judged is kept whatever its loss, NaN included, and never ends
  /// the run if it is epoch 0.
  Verdict epoch_ended(int epoch, double loss) noexcept;

  const State& state() const noexcept { return state_; }

 private:
  Settings settings_;
  State state_;
};

}  // namespace earshot
