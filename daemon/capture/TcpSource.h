// TcpSource: raw PCM from one network sender at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "daemon/capture/PcmReader.h"
#include "daemon/capture/SenderDoor.h"

namespace earshot {

/// Sample 0 is the first sender's first; when a sender has left, the count goes on by the clock until the
/// next one's first bytes. Who connects and sends nothing changes no state; with `takeover` the next one's
/// first byte ends the one before.
class TcpSource final : public PcmReader {
 public:
  /// Listens from here on. Throws as open_listener does.
  TcpSource(const SourceSettings& settings, const TcpSettings& tcp, const SourceContext& context);

 private:
  std::string waits_for() const override { return "listening on " + door_.listen().text(); }
  void produce(std::stop_token stop) override;
  boost::asio::awaitable<void> accept_senders();
  boost::asio::awaitable<void> take_over(std::shared_ptr<Sender> sender);
  void let_in(std::shared_ptr<Sender> sender);
  boost::asio::awaitable<void> serve(std::shared_ptr<Sender> sender);
  boost::asio::awaitable<void> watch_for_silence();

  TcpSettings settings_;
  std::vector<std::byte> buffer_;
  boost::asio::io_context io_{1};
  SenderDoor door_;
  std::shared_ptr<Sender> sender_;  // the one that is connected
  std::vector<std::shared_ptr<Sender>> newcomers_;  // those who would take over, and are yet to send
  bool begun_ = false;              // it has sent something
  bool silent_ = false;             // it has never sent anything, and the log says so
};

}  // namespace earshot
