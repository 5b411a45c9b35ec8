// TlsChannel: TLS over a connected socket that does not block, and that stays the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "daemon/net/TlsIdentity.h"

struct ssl_st;  // OpenSSL's SSL

namespace earshot {

/// Asio's own TLS stream is not what is used here, since it cannot end what we send (close_notify) while it
/// still reads: a client or sender that is refused while it sends would not hear why. Each call does what can
/// be done at once, and tells what to wait for before the next. Reading and writing may take turns as they
/// like. Raises no SIGPIPE. Not thread safe.
class TlsChannel {
 public:
  enum class State {
    done,
    wants_read,   ///< again once the socket can be read
    wants_write,  ///< again once it can be written
    ended,        ///< the other side has said that it sends no more
    failed        ///< or it went away without a word: failure()
  };
  struct Step {
    State state;
    std::size_t bytes = 0;  ///< that were moved, when done: at least one
  };

  /// As server. `identity` may go before it.
  TlsChannel(const TlsIdentity& identity, int socket);
  /// As client, to a server that whoever calls knows by peer_fingerprint(), for no authority is asked. Throws
  /// Error(software) if OpenSSL cannot.
  explicit TlsChannel(int socket);
  ~TlsChannel();
  TlsChannel(TlsChannel&& other) noexcept;
  TlsChannel& operator=(TlsChannel&&) = delete;

  State handshake() noexcept;
  Step read(std::span<char> bytes) noexcept;
  Step write(std::span<const char> bytes) noexcept;
  /// No more will be written; reading goes on.
  State finish() noexcept;

  /// All that has come, with what TLS itself has said.
  std::uint64_t received_bytes() const noexcept;
  /// Why it failed, in OpenSSL's or the system's words; empty if the other side just went away.
  const std::string& failure() const noexcept { return failure_; }
  /// Of the other side's certificate, after the handshake; empty if it has shown none.
  std::string peer_fingerprint() const;

 private:
  TlsChannel(ssl_st* ssl, int socket);
  State state_after(int result) noexcept;

  ssl_st* ssl_;
  std::string failure_;
};

}  // namespace earshot
