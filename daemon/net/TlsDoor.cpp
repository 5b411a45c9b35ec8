#include "daemon/net/TlsDoor.h"

#include <sys/socket.h>

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/net/AsioGlue.h"

namespace earshot {

namespace asio = boost::asio;

TlsDoor::TlsDoor(std::string who, TlsLimits limits, TlsGate::Enter enter, Pulses* pulses)
    : gate_(io_, std::move(who), limits, std::move(enter)), pulse_(pulses, "the TLS door") {
  asio::co_spawn(io_, beat(), rethrow);
  thread_ = std::thread([this] { io_.run(); });
}

TlsDoor::~TlsDoor() {
  stop(std::chrono::milliseconds(0));
}

void TlsDoor::receive(std::shared_ptr<const TlsIdentity> identity, Peer peer, int socket) {
  const int family = peer.address.is_v4() ? AF_INET : AF_INET6;  // as far as anybody asks
  TlsGate::Socket owned(io_, asio::generic::stream_protocol(family, IPPROTO_TCP), socket);
  asio::post(io_, [this, identity = std::move(identity), peer = std::move(peer),
                   owned = std::move(owned)]() mutable {
    gate_.receive(std::move(identity), std::move(peer), std::move(owned));
  });
}

void TlsDoor::stop(std::chrono::milliseconds grace) noexcept {
  if (!thread_.joinable()) return;
  asio::post(io_, [this, grace] { gate_.stop(grace, [this] { io_.stop(); }); });
  thread_.join();
}

asio::awaitable<void> TlsDoor::beat() {
  asio::steady_timer timer(io_);
  for (;;) {
    pulse_.beat();
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

}  // namespace earshot
