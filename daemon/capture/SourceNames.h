// SourceNames: which names of sources are taken, by the configuration or by senders that name themselves.
#pragma once

#include <mutex>
#include <set>
#include <string>

namespace earshot {

/// Any thread.
class SourceNames {
 public:
  /// False if somebody else has it.
  bool take(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return taken_.insert(name).second;
  }
  void give_back(const std::string& name) {
    const std::lock_guard lock(mutex_);
    taken_.erase(name);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> taken_;
};

}  // namespace earshot
