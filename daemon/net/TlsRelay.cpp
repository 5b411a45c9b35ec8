#include "daemon/net/TlsRelay.h"

#include <poll.h>

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "daemon/net/AsioGlue.h"

namespace earshot {

namespace asio = boost::asio;
using RelayError = boost::system::error_code;

void TlsRelay::start(std::string heard, std::function<void(TlsRelay&)> on_closed) {
  on_closed_ = std::move(on_closed);
  auto self = shared_from_this();  // the coroutines' handlers keep it alive
  asio::co_spawn(plain_.get_executor(), bring_in(std::move(heard)),
                 [self](std::exception_ptr error) { rethrow(error); });
  asio::co_spawn(plain_.get_executor(), bring_out(), [self](std::exception_ptr error) { rethrow(error); });
}

void TlsRelay::close() {
  if (std::exchange(closed_, true)) return;
  tls_.close();
  RelayError ignored;
  plain_.close(ignored);
  std::exchange(on_closed_, nullptr)(*this);
}

bool TlsRelay::other_end_is_closed() {
  pollfd state{plain_.native_handle(), 0, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

bool TlsRelay::close_if_stalled(Clock::time_point now, std::chrono::milliseconds limit,
                                std::chrono::milliseconds farewell) {
  if (closed_ || !waiting_since_) return false;
  if (now - *waiting_since_ < (other_end_is_closed() ? farewell : limit)) return false;
  close();
  return true;
}

asio::awaitable<void> TlsRelay::bring_in(std::string heard) {
  RelayError error;  // the other end has closed: what still comes is for nobody
  co_await asio::async_write(plain_, asio::buffer(heard), asio::redirect_error(asio::use_awaitable, error));
  while (!closed_) {
    const TlsChannel::Step step = co_await tls_.read(in_);
    if (closed_) co_return;
    if (step.state == TlsChannel::State::failed) co_return close();
    if (step.state == TlsChannel::State::ended) break;
    if (error) continue;
    co_await asio::async_write(plain_, asio::buffer(in_.data(), step.bytes),
                               asio::redirect_error(asio::use_awaitable, error));
  }
  if (closed_) co_return;
  // It sends no more, or it is gone altogether: then what it is sent next is answered by a reset.
  RelayError ignored;
  plain_.shutdown(Socket::shutdown_send, ignored);
  co_await tls_.socket().async_wait(Socket::wait_error, asio::redirect_error(asio::use_awaitable, ignored));
  close();
}

asio::awaitable<void> TlsRelay::bring_out() {
  RelayError error;
  while (!closed_) {
    const std::size_t count =
        co_await plain_.async_read_some(asio::buffer(out_), asio::redirect_error(asio::use_awaitable, error));
    if (closed_) co_return;
    if (error) break;
    waiting_since_ = Clock::now();
    const std::span<const char> bytes(out_.data(), count);
    const bool taken = co_await tls_.write(bytes, [this] { waiting_since_ = Clock::now(); });
    if (!taken) co_return close();
    waiting_since_.reset();
  }
  waiting_since_ = Clock::now();
  co_await tls_.finish();
  waiting_since_.reset();
  if (closed_) co_return;
  // It may still be heard, though nothing is left to be said to it.
  if (!other_end_is_closed())
    co_await plain_.async_wait(Socket::wait_error, asio::redirect_error(asio::use_awaitable, error));
  close();
}

}  // namespace earshot
