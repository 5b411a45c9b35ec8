#include "daemon/net/TlsSocket.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace earshot {

namespace asio = boost::asio;
using TlsState = TlsChannel::State;

TlsSocket::TlsSocket(const TlsIdentity& identity, Socket socket)
    : socket_(std::move(socket)), channel_(identity, socket_.native_handle()) {
  boost::system::error_code ignored;  // one that blocks is seen by the first read
  socket_.native_non_blocking(true, ignored);
}

asio::awaitable<bool> TlsSocket::wait(TlsState state) {
  if (!socket_.is_open() || (state != TlsState::wants_read && state != TlsState::wants_write))
    co_return false;
  boost::system::error_code error;
  co_await socket_.async_wait(state == TlsState::wants_read ? Socket::wait_read : Socket::wait_write,
                              asio::redirect_error(asio::use_awaitable, error));
  co_return !error && socket_.is_open();
}

asio::awaitable<TlsState> TlsSocket::handshake() {
  TlsState state = channel_.handshake();
  while (state != TlsState::done && co_await wait(state)) state = channel_.handshake();
  co_return state == TlsState::done ? state : TlsState::failed;
}

asio::awaitable<TlsChannel::Step> TlsSocket::read(std::span<char> bytes) {
  co_await asio::post(socket_.get_executor(), asio::use_awaitable);
  while (socket_.is_open() && !has_brought_too_much()) {
    const TlsChannel::Step step = channel_.read(bytes);
    if (step.state == TlsState::done || step.state == TlsState::ended) co_return step;
    if (!co_await wait(step.state)) break;
  }
  co_return TlsChannel::Step{TlsState::failed};
}

asio::awaitable<void> TlsSocket::finish() {
  TlsState state = channel_.finish();
  while (state != TlsState::done && co_await wait(state)) state = channel_.finish();
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

// Not after an end of sending: it would hide the reset that tells a sender that nobody has read what it sent.
void TlsSocket::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace earshot
