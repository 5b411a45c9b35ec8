// TcpSource: raw PCM from one network sender at a time.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "daemon/capture/PcmSource.h"
#include "daemon/net/Address.h"

namespace earshot {

/// Sample 0 is the first sender's first; when a sender has left, the count goes on by the clock until the next one's
/// first bytes. Who connects and sends nothing changes no state.
class TcpSource final : public PcmSource {
 public:
  /// Listens from here on. Throws as open_listener does.
  TcpSource(const SourceSettings& settings, const TcpSettings& tcp, const SourceContext& context);

 private:
  using Tcp = boost::asio::ip::tcp;

  /// The one that is connected.
  struct Sender {
    Tcp::socket socket;
    std::string peer;
    std::chrono::steady_clock::time_point last_heard;  // at first: when it connected
    bool begun = false;                                // has sent something
    bool silent = false;                               // and never anything, which the log says
    std::string leaves = {};                           // why we close it
  };

  std::string waits_for() const override { return "listening on " + settings_.listen.text(); }
  void produce(std::stop_token stop) override;
  boost::asio::awaitable<void> accept_senders();
  boost::asio::awaitable<bool> make_way();
  boost::asio::awaitable<void> serve(std::shared_ptr<Sender> sender);
  boost::asio::awaitable<void> watch_for_silence();
  void say_farewell(const Sender& sender, const std::string& why);
  void close(const std::string& why);

  TcpSettings settings_;
  std::vector<std::byte> buffer_;
  boost::asio::io_context io_{1};
  Tcp::acceptor acceptor_;
  std::shared_ptr<Sender> sender_;
  std::optional<IpAddress> last_turned_away_;  // one line in the log for each in a row
};

}  // namespace earshot
