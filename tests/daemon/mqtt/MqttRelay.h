// MqttRelay: a way to a broker on which what the broker says can be lost.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <thread>

#include "daemon/net/Address.h"
#include "daemon/net/ClientSocket.h"

namespace earshot::test {

/// On 127.0.0.1. One connection at a time: the next one begins when the client has ended this one.
class MqttRelay {
 public:
  explicit MqttRelay(std::uint16_t broker)
      : broker_(broker), listener_(open_listener({"127.0.0.1", 0}, {})), thread_([this] { relay_all(); }) {}
  ~MqttRelay() {
    over_ = true;
    thread_.join();
    ::close(listener_);
  }
  MqttRelay(const MqttRelay&) = delete;
  MqttRelay& operator=(const MqttRelay&) = delete;

  std::uint16_t port() const { return bound_port(listener_); }
  /// Whether no word of the broker arrives any more, what it is told still does.
  void lose_answers(bool on) noexcept { loses_ = on; }

 private:
  static constexpr std::chrono::milliseconds kTurn{5};

  void relay_all() {
    while (!over_) {
      pollfd ready{listener_, POLLIN, 0};
      ::poll(&ready, 1, static_cast<int>(kTurn.count()));
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      try {
        relay(client);
      } catch (const std::exception&) {  // the broker is gone, which the client sees
      }
      ::close(client);
    }
  }

  void relay(int client) {
    ClientSocket broker(Endpoint{"127.0.0.1", broker_}, std::chrono::seconds(10));
    std::array<char, 4096> bytes{};
    while (!over_) {
      const ssize_t said = ::recv(client, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (said == 0) return;
      if (said > 0) broker.send(std::as_bytes(std::span(bytes).first(static_cast<std::size_t>(said))));
      const auto answered = broker.receive(bytes, kTurn);
      if (answered == 0U) return;
      if (answered && !loses_) ::send(client, bytes.data(), *answered, MSG_NOSIGNAL);
    }
  }

  const std::uint16_t broker_;
  const int listener_;
  std::atomic<bool> loses_ = false;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace earshot::test
