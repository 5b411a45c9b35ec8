// StreamSession: one client's connection: a coroutine that reads requests and one that writes what comes
// next.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/net/LineSplitter.h"
#include "daemon/net/Peer.h"
#include "daemon/stream/Subscriber.h"

namespace earshot {

/// All calls on the server's thread.
class StreamSession : public std::enable_shared_from_this<StreamSession> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;  // TCP or Unix
  using Clock = std::chrono::steady_clock;

  /// `state` outlives the session.
  StreamSession(Socket socket, Peer peer, const StreamState& state, std::size_t limit_bytes,
                std::chrono::milliseconds stall_limit);

  using Handler = std::function<void(StreamSession&)>;
  /// `on_closed` is called once, when the connection is gone. `on_half_closed` is called when the client has
  /// closed its sending half, or all of it: only the answer to what is sent next tells which.
  void start(Handler on_half_closed, Handler on_closed);

  /// Whether the client is known to be gone, though that has not been handled yet.
  bool gone();
  /// Whether it closed its sending half, or all of it, within `limit`: which of the two is about to be known.
  bool leaving(std::chrono::milliseconds limit);

  /// After something was given to the subscriber.
  void wake();
  Subscriber& subscriber() noexcept { return subscriber_; }
  const Peer& peer() const noexcept { return peer_; }

  /// Sends what is unread, then `bye`, and closes.
  void finish(SharedLine bye);
  void close();

  /// Whether bytes have been waiting since before `since` and the client took none of them.
  bool stalled(Clock::time_point since) const noexcept { return writing_ && last_taken_ < since; }

 private:
  boost::asio::awaitable<void> read();
  boost::asio::awaitable<void> write();
  /// False if the connection is gone.
  boost::asio::awaitable<bool> send_batch();
  boost::asio::awaitable<void> take_request(LineSplitter::Line line);
  bool polls(short events);

  static constexpr std::size_t kMostBatchLines = 16;
  static constexpr std::size_t kMostRequestBytes = 64 * 1024;

  Socket socket_;
  Peer peer_;
  Subscriber subscriber_;
  LineSplitter requests_{kMostRequestBytes};
  boost::asio::steady_timer unread_;  ///< cancelled when there may be something to send
  boost::asio::steady_timer taken_;   ///< cancelled when something was sent
  std::array<SharedLine, kMostBatchLines> batch_;
  SharedLine bye_;
  Handler on_half_closed_;
  Handler on_closed_;
  Clock::time_point last_taken_;
  std::optional<Clock::time_point> half_closed_;
  bool writing_ = false;
  bool closed_ = false;
};

}  // namespace earshot
