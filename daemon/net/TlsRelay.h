// TlsRelay: what comes by TLS goes to a plain socket of this process, and the other way round.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "daemon/net/TlsSocket.h"

namespace earshot {

/// Whoever has the plain socket's other end serves a TLS client as any other: it hears its bytes, the end of
/// what it sends (close_notify), and that it is gone; what it sends arrives, and when it closes so is the
/// connection. A client that takes nothing holds up at most the two sockets' buffers and kChunkBytes. The
/// thread that runs the sockets' io_context owns it.
class TlsRelay : public std::enable_shared_from_this<TlsRelay> {
 public:
  using Socket = TlsSocket::Socket;
  using Clock = std::chrono::steady_clock;

  /// `client` is how the log calls it.
  TlsRelay(TlsSocket tls, Socket plain, std::string client)
      : tls_(std::move(tls)), plain_(std::move(plain)), client_(std::move(client)) {}

  /// `heard` is what has come by TLS already. `on_closed` is called once.
  void start(std::string heard, std::function<void(TlsRelay&)> on_closed);

  void close();
  const std::string& client() const noexcept { return client_; }
  /// Closes one whose client has taken nothing of what waits for it for `limit`, or, if the other end has
  /// closed, for `farewell`; whether it did.
  bool close_if_stalled(Clock::time_point now, std::chrono::milliseconds limit,
                        std::chrono::milliseconds farewell);

 private:
  static constexpr std::size_t kChunkBytes = 16 * 1024;  // of a TLS record

  boost::asio::awaitable<void> bring_in(std::string heard);
  boost::asio::awaitable<void> bring_out();
  bool other_end_is_closed();

  TlsSocket tls_;
  Socket plain_;
  const std::string client_;
  std::function<void(TlsRelay&)> on_closed_;
  std::array<char, kChunkBytes> in_;
  std::array<char, kChunkBytes> out_;
  std::optional<Clock::time_point> waiting_since_;  ///< for the client to take something
  bool closed_ = false;
};

}  // namespace earshot
