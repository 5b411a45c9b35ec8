// MqttBroker: a real Mosquitto of a test's own, and a client of it.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>

#include "daemon/mqtt/MqttConnection.h"
#include "daemon/net/ClientSocket.h"
#include "tests/daemon/FreePorts.h"
#include "tests/support/Child.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {

inline constexpr const char* kMosquitto = "/usr/sbin/mosquitto";

/// Says so and is true where there is no broker to test with.
inline bool skip_without_mosquitto() {
  if (::access(kMosquitto, X_OK) == 0) return false;
  skip("no mosquitto here");
  return true;
}

inline bool accepts_connections(std::uint16_t port) {
  try {
    ClientSocket(Endpoint{"127.0.0.1", port}, std::chrono::seconds(1));
    return true;
  } catch (const std::exception&) {  // not yet; to listen there oneself would be in its way
    return false;
  }
}

/// On 127.0.0.1. It forgets all when it stops.
class MqttBroker {
 public:
  explicit MqttBroker(const std::string& more = "allow_anonymous true\n",
                      std::uint16_t port = FreePorts().next())
      : port_(port) {
    files_.write("mosquitto.conf", "user root\nlistener " + std::to_string(port_) + " 127.0.0.1\n" + more);
    start();
  }

  void start() {
    child_.emplace(std::vector<std::string>{kMosquitto, "-c", (files_ / "mosquitto.conf").string()});
    for (int i = 0; i < 2'000 && !accepts_connections(port_); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  void stop() {
    child_->send_signal(SIGTERM);
    child_->wait();
    child_.reset();
  }
  /// kill -9.
  void kill() { child_.reset(); }
  /// It reads its configuration and who may log in anew, soon.
  void reread() const { child_->send_signal(SIGHUP); }
  /// As if the network were gone.
  void freeze(bool on) const { child_->send_signal(on ? SIGSTOP : SIGCONT); }

  std::uint16_t port() const noexcept { return port_; }
  std::string log() const { return child_->err(); }

 private:
  TemporaryDirectory files_;
  std::uint16_t port_;
  std::optional<Child> child_;
};

/// Sees what others publish.
class MqttPeer {
 public:
  using Message = MqttConnection::Received;

  explicit MqttPeer(std::uint16_t port, const std::string& topics = "#", MqttLogin login = {})
      : connection_(with(std::move(login), port)) {
    pump([this] { return connection_.is_up(); });
    connection_.subscribe(topics);
  }

  /// The first message, from the beginning or from the last one that was awaited, that `fits`.
  Message await(const std::function<bool(const Message&)>& fits) {
    std::optional<std::size_t> found;
    pump([&] {
      for (std::size_t i = seen_; i < messages_.size() && !found; ++i) {
        if (fits(messages_[i])) found = i;
      }
      return found.has_value();
    });
    seen_ = *found + 1;
    return messages_[*found];
  }
  Message await(const std::string& topic) {
    return await([&](const Message& each) { return each.topic == topic; });
  }
  Message await(const std::string& topic, const std::string& payload) {
    return await([&](const Message& each) { return each.topic == topic && each.payload == payload; });
  }
  /// From here on.
  void publish(const std::string& topic, const std::string& payload, bool retain = false) {
    const int number = connection_.publish(topic, payload, retain);
    bool done = false;
    pump([&] {
      for (const int each : acknowledged_) done = done || each == number;
      return done;
    });
  }

  const std::vector<Message>& messages() const noexcept { return messages_; }
  /// How many have come to a topic.
  std::size_t count(const std::string& topic) const {
    std::size_t found = 0;
    for (const Message& each : messages_) found += each.topic == topic ? 1 : 0;
    return found;
  }

 private:
  static MqttLogin with(MqttLogin login, std::uint16_t port) {
    if (login.broker.port == 0) login.broker = {"127.0.0.1", port};
    static int number = 0;
    login.client_id = "peer-" + std::to_string(::getpid()) + '-' + std::to_string(++number);
    login.status_topic = "peers/" + login.client_id;
    return login;
  }

  void pump(const std::function<bool()>& until) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!until()) {
      if (std::chrono::steady_clock::now() > end)
        throw std::runtime_error("no such message in time\n" + story());
      pollfd ready{connection_.socket(),
                   static_cast<short>(POLLIN | (connection_.wants_write() ? POLLOUT : 0)), 0};
      ::poll(&ready, 1, 100);
      connection_.turn(ready.revents);
      for (Message& each : connection_.received()) messages_.push_back(std::move(each));
      for (const int each : connection_.acknowledged()) acknowledged_.push_back(each);
    }
  }

  std::string story() const {
    std::string text;
    for (const Message& each : messages_) text += each.topic + ' ' + each.payload + '\n';
    return text;
  }

  MqttConnection connection_;
  std::vector<Message> messages_;
  std::vector<int> acknowledged_;
  std::size_t seen_ = 0;
};

}  // namespace earshot::test
