#include "train/learning/EarlyStopping.h"

namespace earshot {

EarlyStopping::Verdict EarlyStopping::epoch_ended(int epoch, double loss) noexcept {
  if (epoch < settings_.start_epoch) return {};
  if (loss < state_.best) {
    state_ = {loss, epoch, 0};
    return {.keep_weights = true, .stop = false};
  }
  const bool first = state_.best_epoch < 0;
  if (first) state_.best_epoch = epoch;
  ++state_.wait;
  return {.keep_weights = first, .stop = state_.wait >= settings_.patience && epoch > 0};
}

}  // namespace earshot
