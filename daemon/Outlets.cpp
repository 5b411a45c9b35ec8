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
  auto changed = outlets_.begin();
  try {
    for (; changed != outlets_.end(); ++changed) (*changed)->change(config, facts);
  } catch (...) {
    for (auto each = outlets_.begin(); present_ && each != changed; ++each) {
      try {
        (*each)->change(present_->first, present_->second);
      } catch (const std::exception& error) {
        log_error("as it was before it cannot be again: {}", failure_of(error).line);
      }
    }
    throw;
  }
  present_ = std::make_unique<std::pair<Config, StreamFacts>>(config, facts);
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
