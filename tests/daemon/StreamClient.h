// A client of the stream for tests: a plain socket, lines read with a time limit.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "daemon/net/SocketAddress.h"

namespace earshot::test {

class StreamClient {
 public:
  /// Connects to 127.0.0.1. `receive_buffer` bytes of the kernel's, 0 for its default.
  explicit StreamClient(std::uint16_t port, int receive_buffer = 0)
      : StreamClient(Endpoint{"127.0.0.1", port}, receive_buffer) {}

  /// `from` is an address to connect from, by default the system's choice.
  explicit StreamClient(const SocketAddress& to, int receive_buffer = 0, const std::string& from = "") {
    sockaddr_storage address{};
    const socklen_t size = write_address(to, address);
    socket_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_storage own{};
    const socklen_t own_size = from.empty() ? 0 : write_address(Endpoint{from, 0}, own);
    const bool bound =
        from.empty() || ::bind(socket_, reinterpret_cast<const sockaddr*>(&own), own_size) == 0;
    if (!bound || ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
      ::close(socket_);
      throw std::runtime_error("cannot connect to " + to_text(to));
    }
  }
  ~StreamClient() {
    if (socket_ >= 0) ::close(socket_);
  }
  StreamClient(StreamClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), text_(std::move(other.text_)) {}
  StreamClient& operator=(StreamClient&&) = delete;

  /// The next line without its newline; nothing at the end of the stream. Throws after `limit` without one.
  std::optional<std::string> line(std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto until = std::chrono::steady_clock::now() + limit;
    for (;;) {
      if (const std::size_t newline = text_.find('\n', searched_); newline != std::string::npos) {
        std::string found = text_.substr(0, newline);
        text_.erase(0, newline + 1);
        searched_ = 0;
        return found;
      }
      searched_ = text_.size();
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd ready{socket_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0) {
        throw std::runtime_error("no line in time");
      }
      char buffer[65536];
      const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0) return std::nullopt;
      text_.append(buffer, static_cast<std::size_t>(count));
    }
  }

  boost::json::object message() {
    const auto text = line();
    if (!text) throw std::runtime_error("the stream has ended");
    return boost::json::parse(*text).as_object();
  }
  /// The next message of a type; others are passed over.
  boost::json::object message(std::string_view type) {
    for (;;) {
      boost::json::object next = message();
      if (next.at("type").as_string() == type) return next;
    }
  }

  /// False once the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  /// Sends until nothing is taken for `patience`; how much was.
  std::size_t send_until_stuck(std::string_view bytes, std::chrono::milliseconds patience) {
    std::size_t sent = 0;
    pollfd ready{socket_, POLLOUT, 0};
    while (sent < bytes.size() && ::poll(&ready, 1, static_cast<int>(patience.count())) > 0) {
      const ssize_t count =
          ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) sent += static_cast<std::size_t>(count);
    }
    return sent;
  }
  void close_sending() { ::shutdown(socket_, SHUT_WR); }

  int socket() const noexcept { return socket_; }

 private:
  static socklen_t write_address(const SocketAddress& from, sockaddr_storage& to) {
    if (const auto* path = std::get_if<UnixPath>(&from)) {
      reinterpret_cast<sockaddr_un&>(to) = path->sockaddr();
      return sizeof(sockaddr_un);
    }
    const auto& endpoint = std::get<Endpoint>(from);
    const IpAddress ip = parse_ip(endpoint.host).value();
    if (ip.is_v4()) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(to);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(endpoint.port);
      std::memcpy(&v4.sin_addr, ip.bytes.data() + 12, 4);
      return sizeof v4;
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(to);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, ip.bytes.data(), 16);
    return sizeof v6;
  }

  int socket_;
  std::string text_;
  std::size_t searched_ = 0;
};

}  // namespace earshot::test
