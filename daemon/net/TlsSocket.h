// TlsSocket: a connection that speaks TLS, as the server's coroutines read and write it.
#pragma once

#include <cstdint>
#include <span>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "daemon/net/TlsChannel.h"

namespace earshot {

/// The thread that runs the socket's io_context owns it. One coroutine at a time may read, and one write;
/// after close() what they await has failed.
class TlsSocket {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  TlsSocket(const TlsIdentity& identity, Socket socket);

  /// `done` or `failed`.
  boost::asio::awaitable<TlsChannel::State> handshake();
  /// `done` with at least one byte, `ended` or `failed`. Others have their turn first, however much there is.
  boost::asio::awaitable<TlsChannel::Step> read(std::span<char> bytes);
  /// All of them; false if the connection is gone. `taken` is called whenever some were taken.
  template <typename Taken>
  boost::asio::awaitable<bool> write(std::span<const char> bytes, Taken taken) {
    while (!bytes.empty()) {
      const TlsChannel::Step step = channel_.write(bytes);
      if (step.state == TlsChannel::State::done) {
        bytes = bytes.subspan(step.bytes);
        taken();
      } else if (!co_await wait(step.state)) {
        co_return false;
      }
    }
    co_return true;
  }
  boost::asio::awaitable<bool> write(std::span<const char> bytes) {
    return write(bytes, [] {});
  }
  /// No more will be written; reading goes on.
  boost::asio::awaitable<void> finish();

  /// Reading fails once `bytes` more have come, what TLS itself says included.
  void bound_reading(std::uint64_t bytes) { most_received_bytes_ = channel_.received_bytes() + bytes; }
  void unbound_reading() noexcept { most_received_bytes_ = UINT64_MAX; }
  bool has_brought_too_much() const noexcept { return channel_.received_bytes() >= most_received_bytes_; }

  void close();
  bool is_open() const { return socket_.is_open(); }
  Socket& socket() noexcept { return socket_; }
  const std::string& failure() const noexcept { return channel_.failure(); }

 private:
  /// False if there is nothing to wait for any more.
  boost::asio::awaitable<bool> wait(TlsChannel::State state);

  Socket socket_;
  TlsChannel channel_;
  std::uint64_t most_received_bytes_ = UINT64_MAX;
};

}  // namespace earshot
