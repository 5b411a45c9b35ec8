// StreamState: what all clients of the stream share: history, the sources' states, and the lines made of
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/hearing/UtcClock.h"
#include "daemon/stream/ClientQueue.h"
#include "daemon/stream/History.h"
#include "daemon/stream/StreamFacts.h"

namespace earshot {

/// A message on its way to all clients: its lines are made when first asked for, one for each number of
/// scores.
class OutgoingMessage {
 public:
  OutgoingMessage(std::uint64_t seq, MessageKind kind, const Message& message)
      : seq_(seq), kind_(kind), message_(message) {}

  std::uint64_t seq() const noexcept { return seq_; }
  MessageKind kind() const noexcept { return kind_; }
  const SharedLine& line(std::size_t most_scores);

 private:
  std::uint64_t seq_;
  MessageKind kind_;
  const Message& message_;
  std::vector<std::pair<std::size_t, SharedLine>> lines_;
};

/// Not thread safe: the server's thread owns it. `counters` and `utc` outlive it.
class StreamState {
 public:
  StreamState(StreamFacts facts, std::size_t history, Counters& counters, UtcClock& utc);

  /// What is told from here on. Of another instance, history and sources begin anew.
  void change(StreamFacts facts, std::size_t history);

  /// Takes a message into the history. The result refers to `message`.
  OutgoingMessage add(const Message& message);

  const History& history() const noexcept { return history_; }
  const std::vector<std::string>& labels() const noexcept { return facts_.labels; }
  const std::string& instance() const noexcept { return facts_.instance; }
  /// Those of the facts, and those of senders, which messages named; the index is MessageKind::source. One
  /// that is forgotten keeps its place until there are so many that another needs it.
  const std::vector<std::string>& source_names() const noexcept { return source_names_; }

  SharedLine hello() const;
  SharedLine heartbeat(std::size_t clients) const;

 private:
  static constexpr std::size_t kMostSources = 1'024;

  std::uint16_t source_index(const std::string& name);
  void name_sources();
  void forget(std::uint16_t source);
  /// Calls `act` with the index of each source that is not forgotten.
  template <typename Act>
  void for_each_source(Act act) const;

  StreamFacts facts_;
  Counters& counters_;
  UtcClock& utc_;
  History history_;
  std::vector<std::string> source_names_;
  std::vector<std::string> source_kinds_;
  std::vector<SourceState> source_states_;
  std::vector<bool> forgotten_;
  std::deque<std::uint16_t> free_;  // forgotten, the longest first; some may have come back
};

/// The `error` message.
SharedLine error_line(const RequestError& error);
/// The `bye` message.
SharedLine bye_line(std::string_view reason);

}  // namespace earshot
