#include "daemon/Outlets.h"

#include <algorithm>
#include <exception>

#include "daemon/log/Logging.h"
#include "dsp/base/Failure.h"

namespace earshot {

void Outlets::publish(Message message) noexcept {
  for (const auto& outlet : outlets_) outlet->hear(message);
  next_.publish(std::move(message));
}

void Outlets::change(const Config& config, const StreamFacts& facts) {
  before_ = std::exchange(present_, std::make_unique<Asked>(config, facts));
  try {
    for (const auto& outlet : outlets_) outlet->change(config, facts);
  } catch (...) {
    take_back();
    throw;
  }
}

void Outlets::take_back() noexcept {
  present_ = std::move(before_);
  if (!present_) return;  // there was nothing before
  for (const auto& outlet : outlets_) {
    try {
      outlet->change(present_->first, present_->second);
    } catch (const std::exception& error) {
      log_error("cannot be again as it was before, which the next reload tries: {}", failure_of(error).line);
    }
  }
}

void Outlets::stop(std::chrono::milliseconds limit) noexcept {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (const auto& outlet : outlets_) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    outlet->stop(std::max(left, std::chrono::milliseconds(0)));
  }
}

}  // namespace earshot
