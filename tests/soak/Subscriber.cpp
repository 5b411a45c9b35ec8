#include "tests/soak/Subscriber.h"

#include <poll.h>

#include <exception>
#include <stdexcept>
#include <utility>

#include <boost/json.hpp>

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;

constexpr auto kConnected = 30s;
constexpr auto kTryAgain = 20ms;
constexpr int kLookMs = 100;

}  // namespace

Subscriber::Subscriber(MqttLogin login, std::string topic, Findings& findings, Trace& trace)
    : login_(std::move(login)),
      topics_(std::move(topic)),
      mark_("soak/" + login_.client_id),
      findings_(findings),
      trace_(trace),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Subscriber::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      listen(stop);
    } catch (const std::exception&) {  // the broker is gone, or not there yet
    }
    {
      const std::lock_guard lock(mutex_);
      connected_ = false;
      retained_.clear();
    }
    std::this_thread::sleep_for(kTryAgain);
  }
}

void Subscriber::listen(const std::stop_token& stop) {
  MqttConnection connection(login_);
  bool asked = false;
  while (!stop.stop_requested()) {
    pollfd ready{connection.socket(), static_cast<short>(POLLIN | (connection.wants_write() ? POLLOUT : 0)),
                 0};
    ::poll(&ready, 1, kLookMs);
    try {
      connection.turn(
          static_cast<short>(ready.revents & POLLOUT));  // an end is read, after all that came before
    } catch (const std::exception&) {
      take(connection);
      throw;
    }
    take(connection);
    if (asked || !connection.is_up()) continue;
    connection.subscribe("#");
    connection.publish(mark_, "here", false);
    asked = true;
  }
}

void Subscriber::take(MqttConnection& connection) {
  const auto received = connection.received();
  const std::lock_guard lock(mutex_);
  for (const MqttConnection::Received& each : received) take(each);
  if (!received.empty()) changed_.notify_all();
}

void Subscriber::take(const MqttConnection::Received& message) {
  if (message.topic == mark_) connected_ = true;
  const bool is_discovery = message.topic.starts_with("homeassistant/");
  if (!is_discovery && !message.topic.starts_with(topics_.below(""))) return;
  const Time now = BootClock::now();
  ++messages_;
  if (!message.retained) word_ = now;
  if (message.topic == topics_.status()) {
    trace_.line("MQTT: the daemon is " + message.payload);
    if (message.payload == kOnline) ++connections_;
  }
  if (message.topic == topics_.lost()) findings_.add("MQTT: " + message.topic + ' ' + message.payload);
  if (!message.topic.ends_with("/event")) {
    retained_[message.topic] = message.payload;
    return;
  }
  trace_.line("MQTT: " + message.topic + ' ' + message.payload);
  try {
    const boost::json::object event = boost::json::parse(message.payload).as_object();
    events_.push_back({HeardOf::from(event, now), event.contains("late")});
  } catch (const std::exception& error) {
    findings_.add("MQTT: " + message.topic + ' ' + message.payload + ": " + error.what());
  }
}

void Subscriber::await_connected() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kConnected, [this] { return connected_; }))
    throw std::runtime_error("nobody can subscribe at the broker");
}

std::optional<Subscriber::Time> Subscriber::await_word(Time moment, std::chrono::seconds limit) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, limit, [&] { return word_ > moment; })) return std::nullopt;
  return word_;
}

bool Subscriber::await_retained(const std::function<bool(const std::map<std::string, std::string>&)>& is,
                                std::chrono::seconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return is(retained_); });
}

std::vector<Subscriber::Came> Subscriber::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::size_t Subscriber::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

std::size_t Subscriber::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

}  // namespace earshot::soak
