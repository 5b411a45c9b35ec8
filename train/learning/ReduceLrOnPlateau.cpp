#include "train/learning/ReduceLrOnPlateau.h"

#include <algorithm>

namespace earshot {

double ReduceLrOnPlateau::epoch_ended(double loss, double learning_rate) noexcept {
  if (loss < state_.best - settings_.min_delta) {
    state_ = {loss, 0};
    return learning_rate;
  }
  ++state_.wait;
  // At the least rate the wait goes on: nothing is left to do.
  if (state_.wait < settings_.patience || learning_rate <= settings_.least) return learning_rate;
  state_.wait = 0;
  return std::max(learning_rate * settings_.factor, settings_.least);
}

}  // namespace earshot
