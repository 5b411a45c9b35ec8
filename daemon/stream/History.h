// History: the last messages of all sources, for clients who come back, and what kind all the others were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/hearing/Message.h"
#include "daemon/stream/Subscription.h"

namespace earshot {

/// What a filter looks at. `source` is an index that the owner of the names gives.
struct MessageKind {
  Topic topic = Topic::prediction;
  std::uint16_t source = 0;
  bool operator==(const MessageKind&) const = default;
};

struct MessageFilter {
  unsigned topics = kEveryTopic;
  std::optional<std::vector<std::uint16_t>> sources;  ///< absent: all

  bool passes_source(std::uint16_t source) const noexcept;
  bool passes(MessageKind kind) const noexcept {
    return (topics & static_cast<unsigned>(kind.topic)) != 0 && passes_source(kind.source);
  }
};

/// Gives each message its seq: 1 for the first, no holes. Not thread safe.
class History {
 public:
  struct Entry {
    std::uint64_t seq = 0;
    MessageKind kind;
    Message message;
  };

  /// Keeps `depth` predictions and as many other messages, apart.
  explicit History(std::size_t depth) : depth_(depth) {}

  /// The new entry's seq.
  std::uint64_t add(MessageKind kind, const Message& message);

  std::uint64_t next_seq() const noexcept { return next_seq_; }
  /// The oldest still held; next_seq() if nothing is.
  std::uint64_t first_seq() const noexcept;

  /// The oldest one held from `seq` on that passes; null if there is none. Valid until the next add().
  const Entry* find_from(std::uint64_t seq, const MessageFilter& filter) const noexcept;

  /// How many of the messages `from` .. `to` - 1, held or not, pass. Exact for the last 2^18; further back a
  /// range that ends within a block of 4096 may count what passed elsewhere in it; beyond 2^26 messages all
  /// count as if they passed.
  std::uint64_t count(std::uint64_t from, std::uint64_t to, const MessageFilter& filter) const noexcept;

 private:
  using Entries = std::deque<Entry>;
  static const Entry* find_in(const Entries& entries, std::uint64_t seq,
                              const MessageFilter& filter) noexcept;

  /// How many of each kind are among 4096 messages in a row.
  using Block = std::vector<std::pair<MessageKind, std::uint32_t>>;
  std::uint64_t count_held(std::uint64_t from, std::uint64_t to, const MessageFilter& filter) const noexcept;
  static std::uint64_t passing_of(const Block& block, const MessageFilter& filter) noexcept;

  std::size_t depth_;
  std::uint64_t next_seq_ = 1;
  Entries predictions_;
  Entries others_;
  std::vector<MessageKind> kinds_;  ///< of seq s at (s - 1) % size, once full
  std::deque<Block> blocks_;        ///< the last of which is being filled
};

}  // namespace earshot
