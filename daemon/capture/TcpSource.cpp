#include "daemon/capture/TcpSource.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/net/AsioGlue.h"

namespace earshot {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::chrono::seconds kSilence{10};  // of a connected sender, before a word in the log
constexpr int kPatienceTenths = 10;           // of a second, for a sender to make room for the next

// A sender whose machine vanished without a word is given up after 25 s, and the next one let in.
void watch_for_silent_death(asio::ip::tcp::socket& socket) {
  boost::system::error_code ignored;  // without it the sender is served all the same
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const auto set = [&](int option, int value) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, 10);
  set(TCP_KEEPINTVL, 5);
  set(TCP_KEEPCNT, 3);
}

}  // namespace

TcpSource::TcpSource(const SourceSettings& settings, const TcpSettings& tcp, const SourceContext& context)
    : Source(settings, context),
      settings_(tcp),
      decoder_(tcp.pcm, settings.channel),
      buffer_(kReadBytes),
      acceptor_(io_, listen_address(tcp.listen)->is_v4() ? Tcp::v4() : Tcp::v6(),
                open_listener(tcp.listen, tcp.allow)) {
  settings_.listen.port = bound_port(acceptor_.native_handle());
}

std::string TcpSource::hear(std::stop_token stop) {
  const std::stop_callback on_stop(stop, [this] { io_.stop(); });
  change_state(SourceState::starting, "listening on " + settings_.listen.text());
  asio::co_spawn(io_, accept_senders(), rethrow);
  io_.run();
  pipeline().close();
  return "stopped";
}

asio::awaitable<void> TcpSource::accept_senders() {
  bool failing = false;
  for (;;) {
    Tcp::endpoint from;
    auto [error, socket] = co_await acceptor_.async_accept(from, kTuple);
    if (error) {
      // Out of descriptors, or the sender was gone already: the listener itself lives.
      if (!std::exchange(failing, true)) {
        spdlog::warn("source '{}': cannot accept a sender: {}", name(), error.message());
      }
      asio::steady_timer pause(io_, std::chrono::milliseconds(100));
      co_await pause.async_wait(kTuple);
      continue;
    }
    failing = false;
    const IpAddress address = ip_of(from.address());
    const std::string peer = Endpoint{address.text(), from.port()}.text();
    if (!may_connect(address, settings_.allow)) {
      if (address != std::exchange(last_turned_away_, address)) {
        spdlog::warn("source '{}': refused {}, which 'allow' does not hold", name(), peer);
      }
      continue;
    }
    // A sender that has just left may still be heard out.
    asio::steady_timer moment(io_);
    for (int tenths = 0; taken_ && tenths < kPatienceTenths; ++tenths) {
      moment.expires_after(std::chrono::milliseconds(100));
      co_await moment.async_wait(kTuple);
    }
    if (taken_) {
      if (address != std::exchange(last_turned_away_, address)) {
        spdlog::warn("source '{}': refused {}, another sender is connected", name(), peer);
      }
      continue;
    }
    taken_ = true;
    last_turned_away_.reset();
    watch_for_silent_death(socket);
    asio::co_spawn(io_, serve(std::move(socket), peer), rethrow);
  }
}

asio::awaitable<void> TcpSource::serve(Tcp::socket socket, std::string peer) {
  change_state(SourceState::up, peer);
  decoder_.reset();
  bool begun = false;
  bool silent = false;
  asio::steady_timer silence(io_);
  for (;;) {
    if (!silent) {
      silence.expires_after(kSilence);
      silence.async_wait([&, this](boost::system::error_code cancelled) {
        if (cancelled) return;  // by the next bytes, or serve() is gone
        silent = true;
        spdlog::warn("source '{}': {} is connected and has sent nothing for {} s", name(), peer,
                     kSilence.count());
      });
    }
    const auto [error, got] = co_await socket.async_read_some(asio::buffer(buffer_), kTuple);
    const Clock::time_point now = Clock::now();
    if (got > 0) {
      if (std::exchange(silent, false)) spdlog::info("source '{}': {} sends again", name(), peer);
      if (!std::exchange(begun, true)) begin_stream(now);
      pipeline().push_live(decoder_.decode(std::span(buffer_).first(got)), utc(now), false);
      pipeline().add_bad_samples(decoder_.take_bad_samples());
      last_heard_ = now;
    }
    if (!error) continue;
    if (decoder_.pending_bytes() > 0) {
      spdlog::warn("source '{}': {} bytes at the end of {}'s stream are no whole frame, left out", name(),
                   decoder_.pending_bytes(), peer);
    }
    pipeline().close();
    change_state(SourceState::down,
                 error == asio::error::eof ? peer + " left" : peer + ": " + error.message());
    taken_ = false;
    co_return;
  }
}

void TcpSource::begin_stream(Clock::time_point now) {
  if (last_heard_) pipeline().pass(samples_in(now - *last_heard_), GapReason::network);
  pipeline().open(settings_.pcm.rate_hz);
}

}  // namespace earshot
