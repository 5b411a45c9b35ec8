// TcpSource: raw PCM from one network sender at a time.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "daemon/capture/PcmDecoder.h"
#include "daemon/capture/Source.h"

namespace earshot {

/// Reads no faster than it classifies: a sender in a hurry is slowed down by TCP, nothing is dropped. Sample
/// 0 is the first sender's first; when a sender has left, the count goes on by the clock until the next one's
/// first bytes.
class TcpSource final : public Source {
 public:
  /// Listens from here on. Throws as open_listener does.
  TcpSource(const SourceSettings& settings, const TcpSettings& tcp, const SourceContext& context);

 private:
  using Tcp = boost::asio::ip::tcp;

  std::string hear(std::stop_token stop) override;
  boost::asio::awaitable<void> accept_senders();
  boost::asio::awaitable<void> serve(Tcp::socket socket, std::string peer);
  void begin_stream(std::chrono::steady_clock::time_point now);

  TcpSettings settings_;
  PcmDecoder decoder_;
  std::vector<std::byte> buffer_;
  boost::asio::io_context io_{1};
  Tcp::acceptor acceptor_;
  bool taken_ = false;                                               // a sender is connected
  std::optional<IpAddress> last_turned_away_;                        // one line in the log for each in a row
  std::optional<std::chrono::steady_clock::time_point> last_heard_;  // of any sender
};

}  // namespace earshot
