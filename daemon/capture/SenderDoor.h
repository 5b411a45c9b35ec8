// SenderDoor: where senders of raw PCM connect, and how what they send gets into a queue.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/capture/PcmQueue.h"
#include "daemon/log/LogSummary.h"
#include "daemon/net/TlsGate.h"
#include "daemon/settings/Config.h"

namespace earshot {

/// One that is connected.
struct Sender {
  using Clock = std::chrono::steady_clock;

  TlsGate::Socket socket;        ///< by TLS: what is heard and said beneath that
  std::string peer;              ///< "192.168.1.7:40122"
  Clock::time_point last_heard;  ///< at first: when it connected
  std::string leaves = {};       ///< why we close it

  /// Whoever serves it notices.
  void close(std::string why);
};

/// One whose machine vanishes without a word is known as gone after 25 s. The thread that runs `io` owns all
/// of it.
class SenderDoor {
 public:
  /// Listens from here on. `source` is how the log calls it. Throws as open_listener does.
  SenderDoor(boost::asio::io_context& io, const TcpSettings& tcp, std::string source);

  /// The next one that `allow` lets in, and that has said the token where one is asked for.
  boost::asio::awaitable<std::shared_ptr<Sender>> next();
  /// One that may not come in after all: a line of the log, or its part of one.
  void log_refusal(const Sender& sender, const std::string& why);

  /// Now and then, and at the end: writes what the log has not been told.
  void tick() noexcept;
  void finish() noexcept;

  /// With the port that the system chose.
  const Endpoint& listen() const noexcept { return listen_; }

 private:
  boost::asio::awaitable<std::shared_ptr<Sender>> accept();
  boost::asio::awaitable<void> accept_for_gate();
  /// By the gate; `plain` is the door's from here on.
  void enter(const Peer& peer, int plain);

  std::string source_;
  Endpoint listen_;
  std::vector<IpNetwork> allow_;
  std::shared_ptr<const TlsIdentity> identity_;  // null: no TLS
  boost::asio::ip::tcp::acceptor acceptor_;
  std::optional<TlsGate> gate_;
  std::deque<std::shared_ptr<Sender>> entered_;  // by the gate
  boost::asio::steady_timer someone_entered_;    // cancelled then
  LogSummary strangers_{LogLevel::warning};
  LogSummary refused_{LogLevel::warning};
  LogSummary failures_{LogLevel::warning};
};

/// Until `gone` says so, or for a second: a sender that has just left, or was closed for the sake of the
/// next, may still be heard out.
boost::asio::awaitable<void> await_leaving(boost::asio::io_context& io, std::function<bool()> gone);

/// What a sender has said while it waited is not heard: whole frames of all that is there now.
void pass_over_what_waits(Sender& sender, std::size_t frame_bytes) noexcept;

/// What `sender` sends goes into `queue`, no more than it has room for, until the connection ends; returns
/// why. `buffer` is its own. `began`, if any, is called before its first bytes are pushed.
boost::asio::awaitable<std::string> hear_sender(std::shared_ptr<Sender> sender, PcmQueue& queue,
                                                std::span<std::byte> buffer, std::function<void()> began);

}  // namespace earshot
