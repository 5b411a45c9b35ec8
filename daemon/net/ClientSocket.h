// ClientSocket: a blocking connection from one of our companions to a daemon.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "daemon/net/SocketAddress.h"
#include "daemon/net/TlsChannel.h"
#include "dsp/base/Error.h"

namespace earshot {

/// The other side let the connection go before everything had been taken: "127.0.0.1:7557: closed the
/// connection", unavailable.
class ConnectionClosed : public Error {
 public:
  using Error::Error;
};

/// For a daemon that speaks TLS.
struct TlsCredentials {
  std::string pin;    ///< the SHA-256 of its certificate, as fingerprint_of_file() gives it
  std::string token;  ///< what it wants to hear: said to nobody who has another certificate
};

/// Not thread safe.
class ClientSocket {
 public:
  /// With `tls` the token has been said. Throws Error(unavailable) naming the address and the reason
  /// ("127.0.0.1:7557: Connection refused"), or if it takes longer than `limit`; Error(bad_data) if another
  /// certificate than the pinned one is shown.
  ClientSocket(const SocketAddress& address, std::chrono::milliseconds limit,
               const std::optional<TlsCredentials>& tls = std::nullopt);
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
  void begin_tls(const TlsCredentials& credentials, std::chrono::milliseconds limit);
  std::optional<std::size_t> receive_tls(std::span<char> bytes, std::chrono::milliseconds limit);
  void send_tls(std::span<const std::byte> bytes);
  /// False if what `state` waits for did not come within `limit`.
  bool await(TlsChannel::State state, std::chrono::milliseconds limit) const;
  [[noreturn]] void fail(int reason) const;
  [[noreturn]] void fail_tls() const;

  std::string name_;
  int socket_ = -1;
  std::optional<TlsChannel> tls_;
};

}  // namespace earshot
