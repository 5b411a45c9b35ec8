// TlsGate: those who connect by TLS have to say a token; who does is let in as a plain connection.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/log/LogSummary.h"
#include "daemon/net/Peer.h"
#include "daemon/net/TlsIdentity.h"
#include "daemon/net/TlsLimits.h"
#include "daemon/net/TlsRelay.h"

namespace earshot {

/// The first line of a connection is {"type":"auth","token":"..."}; before that nothing is said to it. Who
/// has not said it costs no place that clients or senders have, and each kind of refusal a line of the log a
/// minute. The thread that runs `io` owns it. A handshake takes it about 0.4 ms with a key of `earshot
/// certificate`: of one address that fails ten at once and then one a second are done, and of an IPv6 network
/// four times as many, so that nobody can keep it busy.
class TlsGate {
 public:
  using Socket = TlsSocket::Socket;
  using Clock = TlsRelay::Clock;
  /// `plain` is a connected Unix socket that does not block, to be closed by whoever takes it. What it brings
  /// and takes is the client's.
  using Enter = std::function<void(Peer peer, int plain)>;

  /// `who` is how the log calls them: "client", "source 'porch': sender".
  TlsGate(boost::asio::io_context& io, std::string who, TlsLimits limits, Enter enter);

  /// One that has connected.
  void receive(std::shared_ptr<const TlsIdentity> identity, Peer peer, Socket socket);

  /// From here on nobody comes in. `done` is called when all who are in are gone, which they are after
  /// `grace`.
  void stop(std::chrono::milliseconds grace, std::function<void()> done);

  /// At the end: writes what the log has not been told. stop() does so, too.
  void finish() noexcept;

 private:
  struct Stranger;
  struct Failures {
    double left;  ///< that it may have, at the time of `counted`
    Clock::time_point counted;
  };
  /// What became of one.
  enum class Outcome { welcome, wrong_token, no_tls, left, late, crowded };
  struct Origin {
    std::array<std::uint8_t, 16> bytes;
    bool is_network;
    auto operator<=>(const Origin&) const = default;
  };

  boost::asio::awaitable<void> meet(std::shared_ptr<Stranger> stranger);
  boost::asio::awaitable<Outcome> listen(Stranger& stranger);
  boost::asio::awaitable<void> refuse_token(Stranger& stranger);
  void let_in(Stranger& stranger);
  void make_room_for(const Peer& peer);
  /// Its network and its address, which count both.
  static std::array<Origin, 2> origins_of(const Peer& peer) noexcept;
  /// Times what one address has.
  std::size_t share_of(const Origin& origin) const noexcept;
  bool fails_too_often(const Peer& peer);
  void note_failure(const Stranger& stranger, Outcome outcome);
  Failures& failures_of(const Origin& origin, Clock::time_point now);
  boost::asio::awaitable<void> watch();
  std::array<LogSummary*, 8> summaries() noexcept;
  void end_if_all_are_gone();

  boost::asio::io_context& io_;
  const std::string who_;
  const TlsLimits limits_;
  const Enter enter_;
  boost::asio::steady_timer watching_;
  std::list<std::shared_ptr<Stranger>> strangers_;  // who came first is first
  std::list<std::shared_ptr<TlsRelay>> relays_;
  std::map<Origin, Failures> failures_;
  std::function<void()> stopped_;
  Clock::time_point stop_at_ = Clock::time_point::max();
  LogSummary wrong_tokens_{LogLevel::warning};
  LogSummary no_tls_{LogLevel::warning};
  LogSummary late_{LogLevel::warning};
  LogSummary crowded_{LogLevel::warning};
  LogSummary too_often_{LogLevel::warning};
  LogSummary left_{LogLevel::info};
  LogSummary failed_{LogLevel::warning};
  LogSummary stalled_{LogLevel::warning};
};

}  // namespace earshot
