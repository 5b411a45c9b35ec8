#include "daemon/capture/TcpSource.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/log/Logging.h"
#include "daemon/net/AsioGlue.h"

namespace earshot {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16 * 1024;
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
    : PcmSource(settings, tcp.pcm, context),
      settings_(tcp),
      buffer_(kReadBytes),
      acceptor_(io_, listen_address(tcp.listen)->is_v4() ? Tcp::v4() : Tcp::v6(),
                open_listener(tcp.listen, tcp.allow)) {
  settings_.listen.port = bound_port(acceptor_.native_handle());
}

std::string TcpSource::hear(std::stop_token stop) {
  const std::stop_callback on_stop(stop, [this] { io_.stop(); });
  change_state(SourceState::starting, "listening on " + settings_.listen.text());
  asio::co_spawn(io_, accept_senders(), rethrow);
  asio::co_spawn(io_, watch_for_silence(), rethrow);
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
        log_warning("source '{}': cannot accept a sender: {}", name(), error.message());
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
        log_warning("source '{}': refused {}, which 'allow' does not hold", name(), peer);
      }
      continue;
    }
    // A sender that has just left may still be heard out.
    asio::steady_timer moment(io_);
    for (int tenths = 0; sender_ && tenths < kPatienceTenths; ++tenths) {
      moment.expires_after(std::chrono::milliseconds(100));
      co_await moment.async_wait(kTuple);
    }
    if (sender_) {
      if (address != std::exchange(last_turned_away_, address)) {
        log_warning("source '{}': refused {}, another sender is connected", name(), peer);
      }
      continue;
    }
    sender_ = Sender{.peer = peer, .last_heard = Clock::now()};
    last_turned_away_.reset();
    watch_for_silent_death(socket);
    asio::co_spawn(io_, serve(std::move(socket)), rethrow);
  }
}

asio::awaitable<void> TcpSource::serve(Tcp::socket socket) {
  log_debug("source '{}': {} is connected", name(), sender_->peer);
  for (;;) {
    const auto [error, got] = co_await socket.async_read_some(asio::buffer(buffer_), kTuple);
    if (got > 0) take(std::span(buffer_).first(got));
    if (!error) continue;
    say_farewell(error == asio::error::eof ? sender_->peer + " left" : sender_->peer + ": " + error.message());
    co_return;
  }
}

void TcpSource::take(std::span<const std::byte> bytes) {
  const Clock::time_point now = Clock::now();
  if (std::exchange(sender_->silent, false)) log_info("source '{}': {} sends again", name(), sender_->peer);
  if (!std::exchange(sender_->begun, true)) {
    if (last_heard_) pipeline().pass(samples_in(now - *last_heard_), GapReason::network);
    begin_stream(sender_->peer);
  }
  hear_bytes(bytes, now);
  sender_->last_heard = now;
  last_heard_ = now;
}

void TcpSource::say_farewell(const std::string& why) {
  if (sender_->begun) {
    end_stream();
    pipeline().close();
    change_state(SourceState::down, why);
  } else {
    log_debug("source '{}': {}, having sent nothing", name(), why);
  }
  sender_.reset();
}

// Looks from time to time, so that nobody has a timer that outlives its connection.
asio::awaitable<void> TcpSource::watch_for_silence() {
  asio::steady_timer timer(io_);
  for (;;) {
    timer.expires_after(settings_.silence / 8);
    co_await timer.async_wait(kTuple);
    if (!sender_ || sender_->silent || Clock::now() - sender_->last_heard < settings_.silence) continue;
    sender_->silent = true;
    log_warning("source '{}': {} is connected and has sent nothing for {} s", name(), sender_->peer,
                std::chrono::duration<double>(settings_.silence).count());
  }
}

}  // namespace earshot
