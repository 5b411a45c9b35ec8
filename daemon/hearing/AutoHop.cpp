#include "daemon/hearing/AutoHop.h"

#include <algorithm>

#include "dsp/features/LiveHop.h"

namespace earshot {

AutoHop::AutoHop(const FeatureRecipe& recipe) {
  const double window_s = static_cast<double>(recipe.window_samples) / recipe.rate_hz;
  overload_ = std::max(kLeastOverload, Seconds(static_cast<int>(window_s) + 2));
  for (double hop_s = std::min(kUsualHopS, window_s); hop_s < window_s; hop_s *= 1.5)
    steps_.push_back(effective_hop_samples(recipe, hop_s, "hop"));
  steps_.push_back(effective_hop_samples(recipe, window_s, "hop"));
  steps_.erase(std::unique(steps_.begin(), steps_.end()), steps_.end());
}

std::uint64_t AutoHop::look(std::uint64_t skipped) noexcept {
  constexpr Seconds kLook{1};
  skipping_ = skipped > 0 ? skipping_ + kLook : Seconds(0);
  quiet_ = skipped > 0 ? Seconds(0) : quiet_ + kLook;
  if (skipping_ >= overload_ && step_ + 1 < steps_.size()) {
    if (tries_) patience_ = std::min(2 * patience_, kLongestQuiet);
    tries_ = false;
    ++step_;
    skipping_ = Seconds(0);
  } else if (quiet_ >= kQuiet && tries_) {
    tries_ = false;  // it has
    patience_ = kQuiet;
  } else if (quiet_ >= patience_ && step_ > 0) {
    tries_ = true;
    --step_;
    quiet_ = Seconds(0);
  }
  return hop_samples();
}

}  // namespace earshot
