// Trace: what happened when, a line each, for whoever looks for the reason of a finding.
#pragma once

#include <chrono>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>

#include "daemon/hearing/BootClock.h"

namespace earshot::soak {

/// Any thread.
class Trace {
 public:
  /// Into `path`; nowhere if it is empty.
  explicit Trace(const std::string& path) {
    if (!path.empty()) file_.open(path);
  }

  void line(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (!file_.is_open()) return;
    const std::chrono::duration<double> passed = BootClock::now() - began_;
    char time[32];
    std::snprintf(time, sizeof time, "%9.3f ", passed.count());
    file_ << time << text << std::endl;
  }

 private:
  const BootClock::time_point began_ = BootClock::now();
  std::mutex mutex_;  // guards the next
  std::ofstream file_;
};

}  // namespace earshot::soak
