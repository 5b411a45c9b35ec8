// ClientSocket: a blocking connection from one of our companions to a daemon.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "daemon/net/SocketAddress.h"
#include "dsp/base/Error.h"

namespace earshot {

/// The other side let the connection go before everything had been taken: "127.0.0.1:7557: closed the
/// connection", unavailable.
class ConnectionClosed : public Error {
 public:
  using Error::Error;
};

/// Not thread safe.
class ClientSocket {
 public:
  /// Throws Error(unavailable) naming the address and the reason ("127.0.0.1:7557: Connection refused"), or
  /// if it takes longer than `limit`.
  ClientSocket(const SocketAddress& address, std::chrono::milliseconds limit);
  ~ClientSocket();
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  /// At least one byte, 0 at the end of the stream, nothing if none came within `limit`. Throws
  /// ConnectionClosed, Error(io).
  std::optional<std::size_t> receive(std::span<char> bytes, std::chrono::milliseconds limit);
  /// Waits as long as the receiver takes. Throws ConnectionClosed, Error(io).
  void send(std::span<const std::byte> bytes);
  /// No more will be sent; what is on its way arrives.
  void finish_sending() noexcept;

 private:
  /// 0, or the reason why not.
  int connect_to(const Endpoint& endpoint, std::chrono::milliseconds limit);
  int connect_to(const UnixPath& path, std::chrono::milliseconds limit);
  int connect_to(int family, const sockaddr& address, socklen_t size, std::chrono::milliseconds limit);
  [[noreturn]] void fail(int reason) const;

  std::string name_;
  int socket_ = -1;
};

}  // namespace earshot
