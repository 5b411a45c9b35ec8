#include "daemon/log/LogSummary.h"

#include <new>
#include <utility>

namespace earshot {

void LogSummary::take(Clock::time_point now, fmt::string_view format, fmt::format_args arguments) noexcept {
  tick(now);
  if (now >= quiet_until_) {
    quiet_until_ = now + kPause;
    return log_text(level_, format, arguments);
  }
  ++unsaid_;
  try {
    last_ = fmt::vformat(format, arguments);
  } catch (const std::bad_alloc&) {  // the one before speaks for it
  }
}

void LogSummary::tick(Clock::time_point now) noexcept {
  if (unsaid_ == 0 || now < quiet_until_) return;
  finish();
  quiet_until_ = now + kPause;
}

void LogSummary::finish() noexcept {
  const std::uint64_t lines = std::exchange(unsaid_, 0);
  if (lines == 1) log_line(level_, "{}", last_);
  if (lines > 1) log_line(level_, "{} (the last of {} such lines)", last_, lines);
}

}  // namespace earshot
