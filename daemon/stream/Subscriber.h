// Subscriber: what one client gets next, and what its requests change. No sockets here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/stream/ClientQueue.h"
#include "daemon/stream/StreamState.h"
#include "daemon/stream/Subscription.h"

namespace earshot {

/// A new client gets hello, then every message as it comes. One that asks for older messages reads them from
/// the history, which all share, until it has caught up. Not thread safe: the server's thread owns it.
class Subscriber {
 public:
  /// `state` outlives it.
  Subscriber(const StreamState& state, std::size_t limit_bytes);

  /// A message that has just been added to the history.
  void deliver(OutgoingMessage& message);
  /// The state's facts have changed; if `begins_anew`, to another instance's, whose history is empty.
  void greet_again(bool begins_anew);
  /// Left out while an earlier one is unread.
  void heartbeat(SharedLine line);
  /// A line that the client sent; the answer is queued.
  void request(std::string_view line);
  void refuse(const RequestError& error);

  /// What to send now; null if there is nothing.
  SharedLine next();

  /// Too many unread answers: read no more requests before it has taken some.
  bool owes_reading() const noexcept;
  /// Unread lines of its own; the history it still has to catch up with is not counted.
  std::size_t queued_bytes() const noexcept { return queue_.bytes(); }

 private:
  void subscribe(const SubscribeRequest& request);
  std::size_t most_scores() const { return asked_scores_.value_or(usual_scores(state_.labels().size())); }
  SharedLine subscribed_line(std::uint64_t first_seq) const;
  SharedLine next_from_history();

  const StreamState& state_;
  ClientQueue queue_;
  SharedLine heartbeat_;  ///< the unread one
  MessageFilter filter_;
  std::optional<std::size_t> asked_scores_;
  std::optional<std::uint64_t> catching_up_;  ///< the seq from which on the history is still to be read
};

}  // namespace earshot
