// Slots: numbers of buffers that are shared by what does not live at the same time.
#pragma once

#include <cstddef>
#include <set>

namespace earshot {

/// Gives the smallest free number, from 0 on.
class Slots {
 public:
  std::size_t take() {
    if (free_.empty()) return count_++;
    const std::size_t slot = *free_.begin();
    free_.erase(free_.begin());
    return slot;
  }
  void give_back(std::size_t slot) { free_.insert(slot); }
  /// How many there are in all.
  std::size_t count() const noexcept { return count_; }

 private:
  std::set<std::size_t> free_;
  std::size_t count_ = 0;
};

}  // namespace earshot
