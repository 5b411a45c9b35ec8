#include "daemon/capture/TcpSource.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
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
constexpr std::chrono::milliseconds kLook{1'000};
constexpr std::size_t kMostNewcomers = 16;
constexpr std::chrono::seconds kFirstByte{10};

}  // namespace

TcpSource::TcpSource(const SourceSettings& settings, const TcpSettings& tcp, const SourceContext& context)
    : PcmReader(settings, tcp.pcm, tcp.pace, tcp.idle, context),
      settings_(tcp),
      buffer_(kReadBytes),
      door_(io_, tcp, settings.name) {}

void TcpSource::produce(std::stop_token stop) {
  const std::stop_callback on_stop(stop, [this] { io_.stop(); });
  asio::co_spawn(io_, accept_senders(), rethrow);
  asio::co_spawn(io_, watch_for_silence(), rethrow);
  io_.run();
  door_.finish();
}

asio::awaitable<void> TcpSource::accept_senders() {
  for (;;) {
    std::shared_ptr<Sender> sender = co_await door_.next();
    if (sender_ && settings_.takeover) {
      if (newcomers_.size() < kMostNewcomers) {
        asio::co_spawn(io_, take_over(std::move(sender)), rethrow);
      } else {
        door_.log_refusal(*sender, "too many are yet to send something");
      }
      continue;
    }
    const bool waits = sender_ != nullptr;
    co_await await_leaving(io_, [this] { return !sender_; });
    // Its moments would be those at which it is let in.
    if (waits && !sender_ && settings_.pace == Pace::realtime)
      pass_over_what_waits(*sender, frame_bytes(settings_.pcm));
    let_in(std::move(sender));
  }
}

// Whoever connects and sends nothing, such as a port probe, takes nobody's place.
asio::awaitable<void> TcpSource::take_over(std::shared_ptr<Sender> sender) {
  newcomers_.push_back(sender);
  const auto [error] = co_await sender->socket.async_wait(asio::socket_base::wait_read, kTuple);
  std::erase(newcomers_, sender);
  boost::system::error_code gone;
  if (error || sender->socket.available(gone) == 0) {
    if (!sender->leaves.empty()) co_return door_.log_refusal(*sender, sender->leaves);
    log_debug("source '{}': {} left, having sent nothing", name(), sender->peer);
    co_return;
  }
  if (sender_) sender_->close("another sender takes over");
  co_await await_leaving(io_, [this] { return !sender_; });
  let_in(std::move(sender));
}

// If there is room for it.
void TcpSource::let_in(std::shared_ptr<Sender> sender) {
  if (sender_) return door_.log_refusal(*sender, "another sender is connected");
  sender_ = std::move(sender);
  begun_ = silent_ = false;
  asio::co_spawn(io_, serve(sender_), rethrow);
}

asio::awaitable<void> TcpSource::serve(std::shared_ptr<Sender> sender) {
  log_debug("source '{}': {} is connected", name(), sender->peer);
  const std::string why = co_await hear_sender(sender, arrivals(), buffer_, [this] {
    begun_ = true;
    if (silent_) log_info("source '{}': {} sends now", name(), sender_->peer);
    arrivals().push(PcmArrival::Kind::begin, sender_->peer);
  });
  if (begun_) {
    arrivals().push(PcmArrival::Kind::end, why);
  } else {
    log_debug("source '{}': {}, having sent nothing", name(), why);
  }
  sender_.reset();
}

// Looks from time to time, so that nobody has a timer that outlives its connection.
asio::awaitable<void> TcpSource::watch_for_silence() {
  asio::steady_timer timer(io_);
  for (;;) {
    reading().beat();
    timer.expires_after(std::min(kLook, settings_.idle / 8));
    co_await timer.async_wait(kTuple);
    door_.tick();
    const Clock::time_point now = Clock::now();
    for (const std::shared_ptr<Sender>& each : newcomers_) {
      if (now - each->last_heard >= kFirstByte)
        each->close("another sender is connected, and it sends nothing");
    }
    if (!sender_) continue;
    const auto silence = now - sender_->last_heard;
    if (silence >= settings_.closing) {
      sender_->close(fmt::format("closed after {} s without a byte",
                                 std::chrono::duration<double>(settings_.closing).count()));
    } else if (silence >= settings_.idle && !begun_ && !std::exchange(silent_, true)) {
      log_warning("source '{}': {} is connected and has sent nothing for {} s", name(), sender_->peer,
                  std::chrono::duration<double>(settings_.idle).count());
    }
  }
}

}  // namespace earshot
