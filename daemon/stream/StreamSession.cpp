#include "daemon/stream/StreamSession.h"

#include <poll.h>

#include <algorithm>
#include <span>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "daemon/net/AsioGlue.h"
#include "daemon/net/SilentDeath.h"

namespace earshot {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr int kMostSendBufferBytes = 64 * 1024;
constexpr std::size_t kRequestBytes = 4096;

}  // namespace

StreamSession::StreamSession(Socket socket, Peer peer, const StreamState& state, std::size_t limit_bytes,
                             std::chrono::milliseconds stall_limit)
    : socket_(std::move(socket)),
      peer_(std::move(peer)),
      subscriber_(state, limit_bytes),
      unread_(socket_.get_executor(), asio::steady_timer::time_point::max()),
      taken_(socket_.get_executor(), asio::steady_timer::time_point::max()),
      last_taken_(Clock::now()) {
  error_code ignored;  // without these options the connection works, less well
  // The kernel's own buffer would grow to megabytes and hide for minutes that a client is slow.
  socket_.set_option(asio::socket_base::send_buffer_size(kMostSendBufferBytes), ignored);
  if (peer_.user) return;  // a Unix socket: nothing waits, nobody vanishes
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  watch_for_silent_death(socket_.native_handle(), stall_limit);
}

void StreamSession::start(Handler on_half_closed, Handler on_closed) {
  on_half_closed_ = std::move(on_half_closed);
  on_closed_ = std::move(on_closed);
  // The coroutines' handlers keep the session alive.
  auto self = shared_from_this();
  asio::co_spawn(socket_.get_executor(), read(), [self](std::exception_ptr error) { rethrow(error); });
  asio::co_spawn(socket_.get_executor(), write(), [self](std::exception_ptr error) { rethrow(error); });
}

bool StreamSession::polls(short events) {
  pollfd state{socket_.native_handle(), events, 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & events) != 0;
}

bool StreamSession::gone() {
  return polls(POLLERR | POLLHUP);
}

bool StreamSession::leaving(std::chrono::milliseconds limit) {
  return half_closed_ ? Clock::now() - *half_closed_ < limit : polls(POLLRDHUP);
}

void StreamSession::wake() {
  unread_.cancel();
}

void StreamSession::finish(SharedLine bye) {
  bye_ = std::move(bye);
  wake();
}

void StreamSession::close() {
  if (std::exchange(closed_, true)) return;
  error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  socket_.close(ignored);
  unread_.cancel();
  taken_.cancel();
  std::exchange(on_closed_, nullptr)(*this);
}

asio::awaitable<void> StreamSession::read() {
  std::array<char, kRequestBytes> buffer;
  error_code error;
  while (!closed_) {
    const std::size_t count = co_await socket_.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    std::string_view bytes(buffer.data(), count);
    while (auto line = requests_.next(bytes)) co_await take_request(*std::move(line));
  }
  if (closed_) co_return;
  if (error != asio::error::eof) {
    close();
    co_return;
  }
  if (auto line = requests_.finish()) co_await take_request(*std::move(line));
  if (closed_) co_return;
  // It may have closed its sending half only. If it is gone altogether, what is sent next is answered by a
  // reset, which ends the waiting.
  half_closed_ = Clock::now();
  on_half_closed_(*this);
  co_await socket_.async_wait(Socket::wait_error, asio::redirect_error(asio::use_awaitable, error));
  close();
}

asio::awaitable<void> StreamSession::take_request(LineSplitter::Line line) {
  if (line.too_long) {
    subscriber_.refuse({"line_too_long",
                        fmt::format("found a line of more than {} bytes, expected less", kMostRequestBytes)});
  } else {
    subscriber_.request(line.text);
  }
  wake();
  error_code cancelled;
  while (!closed_ && subscriber_.owes_reading()) {
    co_await taken_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

asio::awaitable<void> StreamSession::write() {
  error_code cancelled;
  while (!closed_) {
    const bool sent = co_await send_batch();
    if (closed_ || sent) continue;
    if (bye_) {
      co_await asio::async_write(socket_, asio::buffer(*bye_),
                                 asio::redirect_error(asio::use_awaitable, cancelled));
      close();
    } else {
      co_await unread_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
  }
}

asio::awaitable<bool> StreamSession::send_batch() {
  std::array<asio::const_buffer, kMostBatchLines> buffers;
  std::size_t lines = 0;
  while (lines < kMostBatchLines) {
    batch_[lines] = subscriber_.next();
    if (!batch_[lines]) break;
    buffers[lines] = asio::buffer(*batch_[lines]);
    ++lines;
  }
  if (lines == 0) co_return false;

  last_taken_ = Clock::now();
  writing_ = true;
  std::span<asio::const_buffer> rest(buffers.data(), lines);
  while (!rest.empty() && !closed_) {
    error_code error;
    std::size_t count =
        co_await socket_.async_write_some(rest, asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      close();
      break;
    }
    last_taken_ = Clock::now();
    while (!rest.empty() && count >= rest.front().size()) {
      count -= rest.front().size();
      rest = rest.subspan(1);
    }
    if (!rest.empty()) rest.front() += count;
  }
  writing_ = false;
  batch_.fill(nullptr);
  taken_.cancel();
  co_return true;
}

}  // namespace earshot
