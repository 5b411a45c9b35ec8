// Subscriber: a client of the broker that hears all that is told there, across the broker's lives.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "daemon/hearing/BootClock.h"
#include "daemon/mqtt/MqttConnection.h"
#include "daemon/mqtt/MqttTopics.h"
#include "tests/soak/EventBook.h"
#include "tests/soak/Findings.h"

namespace earshot::soak {

/// Any thread; it reads on one of its own. What a broker that is killed has sent it, it reads to the end.
class Subscriber {
 public:
  using Time = BootClock::time_point;

  /// `topic` is what the daemon's topics begin with.
  Subscriber(MqttLogin login, std::string topic, Findings& findings, Trace& trace);

  /// Until the broker that is there now tells it everything. Throws std::runtime_error if that takes 30 s.
  void await_connected();
  /// Until the daemon has told something after `moment`; when that was, nothing if `limit` was over before.
  std::optional<Time> await_word(Time moment, std::chrono::seconds limit);
  /// Until what stands below the topics is as `is` likes it.
  bool await_retained(const std::function<bool(const std::map<std::string, std::string>&)>& is,
                      std::chrono::seconds limit);

  /// An event as it came.
  struct Came {
    HeardOf event;
    bool late = false;
  };
  std::vector<Came> events() const;
  /// How often the daemon came back.
  std::size_t connections() const;
  /// Messages of all topics.
  std::size_t messages() const;

 private:
  void run(const std::stop_token& stop);
  void listen(const std::stop_token& stop);
  void take(MqttConnection& connection);
  void take(const MqttConnection::Received& message);

  const MqttLogin login_;
  const MqttTopics topics_;
  const std::string mark_;  // a topic: what it says itself comes back once it is subscribed
  Findings& findings_;
  Trace& trace_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool connected_ = false;
  std::map<std::string, std::string> retained_;  // topics and payloads, of this broker
  std::vector<Came> events_;
  Time word_;
  std::size_t connections_ = 0;
  std::size_t messages_ = 0;
  std::jthread thread_;
};

}  // namespace earshot::soak
