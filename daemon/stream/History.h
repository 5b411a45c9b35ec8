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

/// The source of a message that is of none: it passes whichever sources a filter names.
inline constexpr std::uint16_t kNoSource = 0xFFFF;

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

/// Gives each message its seq: 1 for the first, no holes. What it is asked costs the same however much it
/// holds, but for a binary search. Not thread safe.
class History {
 public:
  struct Entry {
    std::uint64_t seq = 0;
    MessageKind kind;
    Message message;
  };

  /// Keeps `depth` predictions and as many other messages, apart.
  explicit History(std::size_t depth) : depth_(depth) {}

  /// Another depth: what is too much for it is let go.
  void keep(std::size_t depth);

  /// The new entry's seq.
  std::uint64_t add(MessageKind kind, const Message& message);

  std::uint64_t next_seq() const noexcept { return next_seq_; }
  /// The oldest still held; next_seq() if nothing is.
  std::uint64_t first_seq() const noexcept;

  /// The oldest one held from `seq` on that passes; null if there is none. Valid until the next add().
  const Entry* find_from(std::uint64_t seq, const MessageFilter& filter) const noexcept;

  /// How many of the messages `from` .. `to` - 1, held or not, pass. Exact for the last 2^18; further back a
  /// range that ends within a block of 4096 may count what passed elsewhere in it, and one that begins more
  /// than 2^26 messages ago, or 2^32 over the number of kinds, what passed before it, but never more than the
  /// range has messages.
  std::uint64_t count(std::uint64_t from, std::uint64_t to, const MessageFilter& filter) const noexcept;

 private:
  using Entries = std::deque<Entry>;

  /// Where the messages of one kind stand.
  struct Track {
    MessageKind kind;
    std::uint64_t total = 0;         ///< since the first message
    std::deque<std::uint64_t> seqs;  ///< of the latest: those held, and those among the last 2^18 messages
  };
  struct Bounds {
    std::uint64_t least = 0;
    std::uint64_t most = 0;
  };

  std::size_t track_of(MessageKind kind);
  void begin_block();
  const Entries& entries_of(MessageKind kind) const noexcept;
  const Entry* find_in(const Entries& entries, std::uint64_t seq, const MessageFilter& filter) const noexcept;
  /// How many of the track's messages came before `seq`.
  Bounds count_before(std::size_t track, std::uint64_t seq) const noexcept;
  std::uint64_t total_at_block(std::size_t track, std::uint64_t block) const noexcept;

  std::size_t depth_;
  std::uint64_t next_seq_ = 1;
  Entries predictions_;
  Entries others_;
  std::vector<Track> tracks_;
  /// The tracks' totals when a block of 4096 messages began; a track that is missing had none.
  std::deque<std::vector<std::uint64_t>> blocks_;
  std::size_t totals_kept_ = 0;  // in all of them
};

}  // namespace earshot
