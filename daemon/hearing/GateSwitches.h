// GateSwitches: which sources somebody has told not to gate for now.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace earshot {

/// By the sources' names; on, unless somebody switches them off. Any thread.
class GateSwitches {
 public:
  /// That of `source`: a value by itself, relaxed, so that its pipeline waits for nobody.
  std::shared_ptr<const std::atomic<bool>> of(const std::string& source) {
    const std::lock_guard lock(mutex_);
    let_go();
    return made(source);
  }
  /// Those of `sources` are off, whether they are here or come later, and all others on.
  void switch_off(const std::set<std::string>& sources) {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, is_on] : switches_)
      is_on->store(!sources.contains(name), std::memory_order_relaxed);
    for (const std::string& name : sources) made(name)->store(false, std::memory_order_relaxed);
    let_go();
  }

 private:
  using Switch = std::shared_ptr<std::atomic<bool>>;

  const Switch& made(const std::string& source) {
    Switch& found = switches_[source];
    if (!found) found = std::make_shared<std::atomic<bool>>(true);
    return found;
  }
  // What a new one would be, too, and nobody reads.
  void let_go() {
    std::erase_if(switches_, [](const auto& each) {
      return each.second.use_count() == 1 && each.second->load(std::memory_order_relaxed);
    });
  }

  std::mutex mutex_;
  std::map<std::string, Switch> switches_;
};

}  // namespace earshot
