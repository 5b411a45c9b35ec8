#include "daemon/pulse/Pulse.h"

#include <utility>

#include "daemon/log/Logging.h"

namespace earshot {

Pulse::Pulse(Pulses* pulses, std::string name) : pulses_(pulses), name_(std::move(name)) {
  if (!pulses_) return;
  const std::lock_guard lock(pulses_->mutex_);
  pulses_->pulses_.push_back(this);
}

Pulse::~Pulse() {
  if (!pulses_) return;
  const std::lock_guard lock(pulses_->mutex_);
  std::erase(pulses_->pulses_, this);
}

bool Pulses::look() noexcept {
  const std::lock_guard lock(mutex_);
  bool all_come_round = true;
  for (Pulse* pulse : pulses_) {
    const std::uint64_t beats = pulse->beats_.load(std::memory_order_relaxed);
    const bool resting = pulse->resting_.load(std::memory_order_relaxed);
    const bool stood_still = pulse->silent_rounds_ >= patience_;
    if (std::exchange(pulse->seen_, beats) != beats || resting) {
      if (stood_still) log_info("{} comes round again, after {:.3g} s", pulse->name_, silent_s(*pulse));
      pulse->silent_rounds_ = 0;
      continue;
    }
    ++pulse->silent_rounds_;
    if (pulse->silent_rounds_ < patience_) continue;
    all_come_round = false;
    if (!stood_still)
      log_error("{} stands still: its thread has not come round for {:.3g} s", pulse->name_,
                silent_s(*pulse));
  }
  return all_come_round;
}

std::vector<std::string> Pulses::standing_still() const {
  std::vector<std::string> names;
  const std::lock_guard lock(mutex_);
  for (const Pulse* pulse : pulses_) {
    if (pulse->silent_rounds_ >= patience_) names.push_back(pulse->name_);
  }
  return names;
}

double Pulses::silent_s(const Pulse& pulse) const noexcept {
  return std::chrono::duration<double>(pulse.silent_rounds_ * round_).count();
}

}  // namespace earshot
