#include "daemon/Watchdog.h"

#include <algorithm>
#include <utility>

namespace earshot {
namespace {

using namespace std::chrono_literals;

/// As in the unit, where nobody has set one. A window of a large model takes seconds on a small machine, and
/// one of another source may have to be waited for; what takes ten times that is no slowness.
constexpr std::chrono::microseconds kDeadline = 30s;

std::chrono::microseconds round_of(const WatchdogSettings& settings) {
  return std::max<std::chrono::microseconds>(settings.deadline.value_or(kDeadline) / 2, 1ms);
}

/// Two rounds without a beat are at least a deadline of the thread's own time.
unsigned patience_of(const WatchdogSettings& settings) {
  const std::chrono::microseconds round = round_of(settings);
  return std::max(2U, static_cast<unsigned>((settings.least_silence + round - 1us) / round));
}

}  // namespace

Watchdog::Watchdog(boost::asio::io_context& main, WatchdogSettings settings,
                   std::function<void(const std::string&)> notify)
    : round_(round_of(settings)),
      awaited_(settings.deadline.has_value()),
      notify_(std::move(notify)),
      pulses_(patience_of(settings), round_),
      timer_(main) {
  wait();
}

void Watchdog::wait() {
  // From now, not from when it should have been: rounds that were missed are not caught up with.
  timer_.expires_after(round_);
  timer_.async_wait([this](boost::system::error_code cancelled) {
    if (cancelled) return;
    if (pulses_.look() && awaited_) notify_("WATCHDOG=1");
    wait();
  });
}

}  // namespace earshot
