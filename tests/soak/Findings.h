// Findings: what should not have happened, a line each.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/soak/Trace.h"

namespace earshot::soak {

/// Any thread.
class Findings {
 public:
  explicit Findings(Trace& trace) : trace_(trace) {}

  void add(std::string line) {
    trace_.line("FOUND " + line);
    const std::lock_guard lock(mutex_);
    if (lines_.size() < kMost) lines_.push_back(std::move(line));
    ++count_;
  }
  /// The first of them.
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  static constexpr std::size_t kMost = 100;
  Trace& trace_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::size_t count_ = 0;
};

}  // namespace earshot::soak
