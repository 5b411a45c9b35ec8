// Resources: what the daemon and its helpers take of the machine, sampled; and whether that grows.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace earshot::soak {

/// Of a process and all its descendants.
struct Taken {
  double at_s = 0.0;  ///< boot clock
  pid_t pid = 0;
  double daemon_mb = 0.0;   ///< resident
  double helpers_mb = 0.0;  ///< of its descendants, pages that they share counted in each
  std::size_t helpers = 0;
  std::size_t descriptors = 0;  ///< of the process itself, as the next
  std::size_t threads = 0;
};

/// All processes below it.
std::vector<pid_t> descendants(pid_t pid);
/// Nothing if it has ended.
std::optional<Taken> look_at(pid_t pid);

std::string to_text(const Taken& taken);

/// Least squares. Nothing of fewer than three.
std::optional<double> slope_per_h(const std::vector<Taken>& samples,
                                  const std::function<double(const Taken&)>& value);

/// Looks every 5 s on a thread of its own, at the process that `look` finds.
class Resources {
 public:
  explicit Resources(std::function<std::optional<Taken>()> look);

  std::vector<Taken> samples() const;

 private:
  std::function<std::optional<Taken>()> look_;
  mutable std::mutex mutex_;  // guards the next
  std::vector<Taken> samples_;
  std::jthread thread_;
};

}  // namespace earshot::soak
