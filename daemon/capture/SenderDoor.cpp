#include "daemon/capture/SenderDoor.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/net/AsioGlue.h"
#include "daemon/net/SilentDeath.h"

namespace earshot {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
constexpr auto kDoorTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kVanished{25};
constexpr std::size_t kMostEntered = 16;
constexpr std::chrono::milliseconds kAcceptAgain{100};
constexpr std::chrono::milliseconds kMoment{20};
constexpr int kMoments = 50;
constexpr std::chrono::milliseconds kRoom{10};  // between looks at a full queue

TlsLimits limits_of_senders() {
  TlsLimits limits;
  limits.stall = kVanished;
  return limits;
}

}  // namespace

void Sender::close(std::string why) {
  leaves = std::move(why);
  boost::system::error_code ignored;
  socket.close(ignored);
}

SenderDoor::SenderDoor(asio::io_context& io, const TcpSettings& tcp, std::string source)
    : source_(std::move(source)),
      listen_(tcp.listen),
      allow_(tcp.admitted()),
      acceptor_(io, listen_address(tcp.listen)->is_v4() ? Tcp::v4() : Tcp::v6(),
                open_listener(tcp.listen, tcp.admitted())),
      someone_entered_(io, asio::steady_timer::time_point::max()) {
  listen_.port = bound_port(acceptor_.native_handle());
  if (!tcp.tls) return;
  identity_ = tcp.tls->identity;
  gate_.emplace(io, "source '" + source_ + "': sender", limits_of_senders(),
                [this](const Peer& peer, int plain) { enter(peer, plain); });
  asio::co_spawn(io, accept_for_gate(), rethrow);
}

void SenderDoor::enter(const Peer& peer, int plain) {
  TlsGate::Socket socket(acceptor_.get_executor(), asio::generic::stream_protocol(AF_UNIX, 0), plain);
  auto sender = std::make_shared<Sender>(Sender{std::move(socket), peer.text, Sender::Clock::now()});
  if (entered_.size() >= kMostEntered) return log_refusal(*sender, "too many wait to be let in");
  entered_.push_back(std::move(sender));
  someone_entered_.cancel();
}

asio::awaitable<std::shared_ptr<Sender>> SenderDoor::next() {
  if (!gate_) co_return co_await accept();
  while (entered_.empty()) co_await someone_entered_.async_wait(kDoorTuple);
  const std::shared_ptr<Sender> sender = entered_.front();
  entered_.pop_front();
  sender->last_heard = Sender::Clock::now();
  co_return sender;
}

asio::awaitable<void> SenderDoor::accept_for_gate() {
  for (;;) {
    const std::shared_ptr<Sender> sender = co_await accept();
    if (auto peer = peer_of(sender->socket.native_handle()))
      gate_->receive(identity_, *std::move(peer), std::move(sender->socket));
  }
}

asio::awaitable<std::shared_ptr<Sender>> SenderDoor::accept() {
  for (;;) {
    Tcp::endpoint from;
    auto [error, socket] = co_await acceptor_.async_accept(from, kDoorTuple);
    const Sender::Clock::time_point now = Sender::Clock::now();
    if (error) {
      // Out of descriptors, or the sender was gone already: the listener itself lives.
      failures_.line(now, "source '{}': cannot accept a sender: {}", source_, error.message());
      asio::steady_timer pause(acceptor_.get_executor(), kAcceptAgain);
      co_await pause.async_wait(kDoorTuple);
      continue;
    }
    const IpAddress address = ip_of(from.address());
    const std::string peer = Endpoint{address.text(), from.port()}.text();
    if (may_connect(address, allow_)) {
      watch_for_silent_death(socket.native_handle(), kVanished);
      co_return std::make_shared<Sender>(Sender{std::move(socket), peer, now});
    }
    strangers_.line(now, "source '{}': refused {}, which 'allow' does not hold", source_, peer);
  }
}

void SenderDoor::log_refusal(const Sender& sender, const std::string& why) {
  refused_.line(Sender::Clock::now(), "source '{}': refused {}, {}", source_, sender.peer, why);
}

void SenderDoor::tick() noexcept {
  for (LogSummary* summary : {&strangers_, &refused_, &failures_}) summary->tick(Sender::Clock::now());
}

void SenderDoor::finish() noexcept {
  for (LogSummary* summary : {&strangers_, &refused_, &failures_}) summary->finish();
  if (gate_) gate_->finish();
}

asio::awaitable<void> await_leaving(asio::io_context& io, std::function<bool()> gone) {
  asio::steady_timer moment(io);
  for (int waits = 0; !gone() && waits < kMoments; ++waits) {
    moment.expires_after(kMoment);
    co_await moment.async_wait(kDoorTuple);
  }
}

void pass_over_what_waits(Sender& sender, std::size_t frame_bytes) noexcept {
  boost::system::error_code error;  // the next read tells
  std::size_t left = sender.socket.available(error);
  left -= left % frame_bytes;
  std::array<std::byte, 4096> bytes;
  while (left > 0 && !error)
    left -= sender.socket.read_some(asio::buffer(bytes.data(), std::min(left, bytes.size())), error);
}

asio::awaitable<std::string> hear_sender(std::shared_ptr<Sender> sender, PcmQueue& queue,
                                         std::span<std::byte> buffer, std::function<void()> began) {
  asio::steady_timer room(sender->socket.get_executor());
  for (;;) {
    const auto [error, got] =
        co_await sender->socket.async_read_some(asio::buffer(buffer.data(), buffer.size()), kDoorTuple);
    if (got > 0) {
      sender->last_heard = Sender::Clock::now();
      if (const auto first = std::exchange(began, nullptr)) first();
      queue.push(buffer.first(got));
      while (queue.is_full() && sender->leaves.empty()) {
        room.expires_after(kRoom);
        co_await room.async_wait(kDoorTuple);
        sender->last_heard = Sender::Clock::now();  // it is we who do not listen
      }
    }
    if (!error) continue;
    if (!sender->leaves.empty()) co_return sender->peer + ": " + sender->leaves;
    if (error == asio::error::eof) co_return sender->peer + " left";
    co_return sender->peer + ": " + error.message();
  }
}

}  // namespace earshot
