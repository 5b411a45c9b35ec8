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

#include <spdlog/fmt/fmt.h>

#include "daemon/log/Logging.h"
#include "daemon/net/AsioGlue.h"

namespace earshot {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::chrono::milliseconds kMoment{20};
constexpr int kPatience = 50;  // moments, for a sender to make room for the next
constexpr std::chrono::milliseconds kRoom{10};  // between looks at a full queue

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
    : PcmSource(settings, tcp.pcm, tcp.pace, tcp.idle, context),
      settings_(tcp),
      buffer_(kReadBytes),
      acceptor_(io_, listen_address(tcp.listen)->is_v4() ? Tcp::v4() : Tcp::v6(),
                open_listener(tcp.listen, tcp.allow)) {
  settings_.listen.port = bound_port(acceptor_.native_handle());
}

void TcpSource::produce(std::stop_token stop) {
  const std::stop_callback on_stop(stop, [this] { io_.stop(); });
  asio::co_spawn(io_, accept_senders(), rethrow);
  asio::co_spawn(io_, watch_for_silence(), rethrow);
  io_.run();
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
    if (!co_await make_way()) {
      if (address != std::exchange(last_turned_away_, address)) {
        log_warning("source '{}': refused {}, another sender is connected", name(), peer);
      }
      continue;
    }
    last_turned_away_.reset();
    watch_for_silent_death(socket);
    sender_ = std::make_shared<Sender>(Sender{std::move(socket), peer, Clock::now()});
    asio::co_spawn(io_, serve(sender_), rethrow);
  }
}

// Whether there is room for a new sender: one that has just left may still be heard out.
asio::awaitable<bool> TcpSource::make_way() {
  if (sender_ && settings_.takeover) close("another sender takes over");
  asio::steady_timer moment(io_);
  for (int waits = 0; sender_ && waits < kPatience; ++waits) {
    moment.expires_after(kMoment);
    co_await moment.async_wait(kTuple);
  }
  co_return !sender_;
}

asio::awaitable<void> TcpSource::serve(std::shared_ptr<Sender> sender) {
  log_debug("source '{}': {} is connected", name(), sender->peer);
  asio::steady_timer room(io_);
  for (;;) {
    const auto [error, got] = co_await sender->socket.async_read_some(asio::buffer(buffer_), kTuple);
    if (got > 0) {
      sender->last_heard = Clock::now();
      if (std::exchange(sender->silent, false)) log_info("source '{}': {} sends now", name(), sender->peer);
      if (!std::exchange(sender->begun, true))
        arrivals().push({.kind = PcmArrival::Kind::begin, .text = sender->peer, .bytes = {}});
      const std::span<const std::byte> came = std::span(buffer_).first(got);
      arrivals().push({.kind = PcmArrival::Kind::bytes, .text = {}, .bytes = {came.begin(), came.end()}});
      while (arrivals().is_full()) {
        room.expires_after(kRoom);
        co_await room.async_wait(kTuple);
        sender->last_heard = Clock::now();  // it is we who do not listen
      }
    }
    if (!error) continue;
    say_farewell(*sender, !sender->leaves.empty()             ? sender->peer + ": " + sender->leaves
                          : error == asio::error::eof ? sender->peer + " left"
                                                      : sender->peer + ": " + error.message());
    if (sender_ == sender) sender_.reset();
    co_return;
  }
}

void TcpSource::say_farewell(const Sender& sender, const std::string& why) {
  if (sender.begun) {
    arrivals().push({.kind = PcmArrival::Kind::end, .text = why, .bytes = {}});
  } else {
    log_debug("source '{}': {}, having sent nothing", name(), why);
  }
}

// serve() notices.
void TcpSource::close(const std::string& why) {
  sender_->leaves = why;
  boost::system::error_code ignored;
  sender_->socket.close(ignored);
}

// Looks from time to time, so that nobody has a timer that outlives its connection.
asio::awaitable<void> TcpSource::watch_for_silence() {
  asio::steady_timer timer(io_);
  for (;;) {
    timer.expires_after(settings_.idle / 8);
    co_await timer.async_wait(kTuple);
    if (!sender_) continue;
    const auto silence = Clock::now() - sender_->last_heard;
    if (silence >= settings_.closing) {
      close(fmt::format("closed after {} s without a byte", std::chrono::duration<double>(settings_.closing).count()));
    } else if (silence >= settings_.idle && !sender_->begun && !std::exchange(sender_->silent, true)) {
      log_warning("source '{}': {} is connected and has sent nothing for {} s", name(), sender_->peer,
                  std::chrono::duration<double>(settings_.idle).count());
    }
  }
}

}  // namespace earshot
