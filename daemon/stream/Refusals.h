// Refusals: clients that may not come in: what they are told, and what the log is.
#pragma once

#include <cstddef>
#include <vector>

#include "daemon/log/LogSummary.h"
#include "daemon/stream/Doorkeeper.h"
#include "daemon/stream/StreamSession.h"
#include "daemon/stream/Subscription.h"

namespace earshot {

/// Not thread safe: the server's thread owns it.
class Refusals {
 public:
  using Socket = StreamSession::Socket;

  /// It is told nothing.
  void stranger(const Peer& peer);
  /// It is kept waiting for its answer until the next tick(), unless too many are.
  void too_often(const Peer& peer, Socket socket, double connects_per_s);
  void too_many(const Peer& peer, Socket socket, std::size_t clients);
  void too_many_from_address(const Peer& peer, Socket socket, std::size_t places);

  /// Now and then, and at the end.
  void tick();
  void finish();

 private:
  struct TurnedAway {
    Socket socket;
    RequestError error;
  };

  static void answer(TurnedAway client);
  void answer_waiting();

  std::vector<TurnedAway> waiting_;
  LogSummary stranger_{LogLevel::warning};
  LogSummary too_often_{LogLevel::warning};
  LogSummary too_many_{LogLevel::warning};
  LogSummary too_many_from_address_{LogLevel::warning};
};

}  // namespace earshot
