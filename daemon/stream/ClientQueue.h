// ClientQueue: the unread lines of one client, bounded. What does not fit is told in its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace earshot {

/// A line with its newline, shared by all who get it.
using SharedLine = std::shared_ptr<const std::string>;

/// Messages that somebody did not get: seqs `from_seq` .. `to_seq`, of which `messages` would have passed the
/// filter.
struct LostMessages {
  std::uint64_t from_seq = 0;
  std::uint64_t to_seq = 0;
  std::uint64_t messages = 0;
};

/// The `lost` message.
SharedLine lost_line(const LostMessages& lost);

/// Not thread safe.
class ClientQueue {
 public:
  explicit ClientQueue(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  /// A message. If the queue grows beyond its limit, the oldest messages make room, the newest never.
  void push(std::uint64_t seq, SharedLine line);
  /// An answer or a notice: never dropped, so their number is the caller's to bound.
  void push_notice(SharedLine line);

  bool empty() const noexcept { return items_.empty(); }
  std::size_t notices() const noexcept { return notices_; }
  std::size_t bytes() const noexcept { return bytes_; }

  /// The oldest line, or the `lost` in its place; the queue must not be empty.
  SharedLine pop();

 private:
  struct Item {
    std::uint64_t seq = 0;  ///< 0 for a notice
    SharedLine line;        ///< null: lost
    LostMessages lost;
  };
  void drop_oldest();
  static std::size_t cost(const Item& item) noexcept {
    return sizeof(Item) + (item.line ? item.line->size() : 0);
  }

  std::size_t limit_bytes_;
  std::size_t bytes_ = 0;
  std::size_t messages_ = 0;
  std::size_t notices_ = 0;
  std::deque<Item> items_;
};

}  // namespace earshot
