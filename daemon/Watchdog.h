// Watchdog: tells systemd that all is well as long as every thread of ours comes round.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/pulse/Pulse.h"

namespace earshot {

struct WatchdogSettings {
  /// systemd's (WATCHDOG_USEC): told nothing for so long, it starts the service anew. Nothing: only the log
  /// is told of a thread that has stopped.
  std::optional<std::chrono::microseconds> deadline;
  /// A thread may be silent for the deadline, but at least for so long, however short that is.
  std::chrono::milliseconds least_silence = std::chrono::seconds(10);
};

class Watchdog {
 public:
  /// Looks twice a deadline, on the thread that runs `main`: that one need not beat, because if it stops,
  /// nothing is sent. `notify` is sd_notify(3).
  Watchdog(boost::asio::io_context& main, WatchdogSettings settings,
           std::function<void(const std::string&)> notify);

  /// For the threads to be watched, which end before the watchdog does.
  Pulses& pulses() noexcept { return pulses_; }

 private:
  void wait();

  std::chrono::microseconds round_;
  bool awaited_;  // by systemd
  std::function<void(const std::string&)> notify_;
  Pulses pulses_;
  boost::asio::steady_timer timer_;
};

}  // namespace earshot
