// TlsDoor: a TlsGate on a thread of its own.
#pragma once

#include <memory>
#include <thread>

#include <boost/asio/io_context.hpp>

#include "daemon/net/TlsGate.h"
#include "daemon/pulse/Pulse.h"

namespace earshot {

/// Handshakes and ciphers take this thread's time, and nobody else's: 0.38 ms of each client that connects,
/// where the stream server takes 0.1 ms, as of one without TLS. A thousand that connect within a second would
/// else be 0.4 s of it in which no line goes out.
class TlsDoor {
 public:
  /// `enter` is called by its thread. `pulses`, which that joins, outlive it.
  TlsDoor(std::string who, TlsLimits limits, TlsGate::Enter enter, Pulses* pulses);
  /// stop() without a grace period, if nobody called it.
  ~TlsDoor();
  TlsDoor(const TlsDoor&) = delete;
  TlsDoor& operator=(const TlsDoor&) = delete;

  /// Any thread: a connected TCP socket, the door's from here on.
  void receive(std::shared_ptr<const TlsIdentity> identity, Peer peer, int socket);

  /// Nobody comes in from here on; returns when all who are in are gone, after `grace` at the latest. Once
  /// they are served no more.
  void stop(std::chrono::milliseconds grace) noexcept;

 private:
  boost::asio::awaitable<void> beat();

  boost::asio::io_context io_{1};
  TlsGate gate_;
  Pulse pulse_;
  std::thread thread_;
};

}  // namespace earshot
