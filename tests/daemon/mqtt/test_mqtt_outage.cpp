// MqttOutlet while its broker is away: nothing is lost that need not be, and nobody waits.
#include <chrono>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/LogLines.h"
#include "tests/daemon/mqtt/MqttBroker.h"
#include "tests/daemon/mqtt/MqttRelay.h"
#include "tests/daemon/mqtt/OutletRig.h"

namespace earshot::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* kEvents = "earshot/attic/mic/event";
constexpr const char* kStatus = "earshot/attic/status";

/// The numbers of the events that came, each once, and whether they were late.
std::vector<std::pair<int, bool>> numbers_of(const MqttPeer& peer) {
  std::vector<std::pair<int, bool>> numbers;
  for (const MqttPeer::Message& each : peer.messages()) {
    if (each.topic != kEvents) continue;
    const json::object event = json::parse(each.payload).as_object();
    const int number = std::stoi(std::string(event.at("event_id").as_string()).substr(2));
    if (numbers.empty() || numbers.back().first != number)
      numbers.emplace_back(number, event.contains("late"));
  }
  return numbers;
}

std::vector<std::pair<int, bool>> numbers(int first, int last, bool late) {
  std::vector<std::pair<int, bool>> result;
  for (int i = first; i <= last; ++i) result.emplace_back(i, late);
  return result;
}

void await_number(MqttPeer& peer, int number) {
  peer.await([&](const MqttPeer::Message& each) {
    return each.topic == kEvents &&
           each.payload.find("\"i-" + std::to_string(number) + '"') != std::string::npos;
  });
}

}  // namespace

TEST_CASE("events keep their order over an outage of the broker, states are told as they are") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  LogLines log;
  OutletRig rig;
  rig.change(broker.port());
  CHECK(log.await("MQTT: connected to") == 1);
  broker.stop();
  CHECK(log.await("what happens meanwhile is kept") >= 1);
  for (int i = 0; i < 20; ++i) rig.hear(mqtt_event(i));
  rig.is(SourceState::up);
  rig.is(SourceState::down);
  rig.is(SourceState::up);
  broker.start();
  MqttPeer peer(broker.port(), "earshot/#");
  // The first may have been told to nobody before this one subscribed.
  peer.await("earshot/attic/mic/status", "online");
  rig.hear(mqtt_event(20));
  await_number(peer, 20);
  const auto got = numbers_of(peer);
  CHECK(std::ranges::is_sorted(got));
  CHECK(peer.count("earshot/attic/mic/status") == 1);
}

TEST_CASE("what happened without a broker outlives a restart, in order and flagged as late") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  const std::uint16_t port = broker.port();
  broker.stop();
  OutletRig rig;
  rig.change(port);
  for (int i = 0; i < 10; ++i) rig.hear(mqtt_event(i));
  rig.stop(0ms);
  rig.start();
  broker.start();
  MqttPeer peer(port, "earshot/#");
  rig.change(port);
  rig.hear(mqtt_event(10));
  await_number(peer, 10);
  std::vector<std::pair<int, bool>> expected = numbers(0, 9, true);
  expected.emplace_back(10, false);
  CHECK(numbers_of(peer) == expected);
  rig.stop();
  rig.start();
  rig.change(port);
  rig.hear(mqtt_event(11));
  await_number(peer, 11);
  CHECK(numbers_of(peer).size() == 12);
}

TEST_CASE("an event that could not be handed over in time is late, the next one is not") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  MqttPeer peer(broker.port(), "earshot/#");
  MqttTimes times = quick_times();
  times.late = 500ms;
  OutletRig rig(times);
  rig.change(FreePorts().next());  // nobody
  const auto heard = std::chrono::steady_clock::now();
  rig.hear(mqtt_event(1));
  std::this_thread::sleep_until(heard + 600ms);  // time is the subject
  rig.change(broker.port());
  await_number(peer, 1);
  rig.hear(mqtt_event(2));
  await_number(peer, 2);
  CHECK(numbers_of(peer).front() == std::pair(1, true));
  CHECK(numbers_of(peer).back().first == 2);
}

TEST_CASE("an outbox that is full tells how many are lost before what is left") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  broker.stop();
  MqttTimes times = quick_times();
  times.outbox.messages = 4;
  OutletRig rig(times);
  rig.change(broker.port());
  for (int i = 0; i < 10; ++i) rig.hear(mqtt_event(i));
  rig.stop(0ms);
  broker.start();
  MqttPeer peer(broker.port(), "earshot/#");
  rig.start();
  rig.change(broker.port());
  const json::object lost = json::parse(peer.await("earshot/attic/lost").payload).as_object();
  CHECK(lost.at("type").as_string() == "lost");
  CHECK(lost.at("messages").to_number<int>() == 6);
  CHECK(lost.at("first_time").as_string() == "2023-11-14T22:13:20.000000Z");
  CHECK(lost.at("last_time").as_string() == "2023-11-14T22:13:25.000000Z");
  await_number(peer, 9);
  CHECK(numbers_of(peer) == numbers(6, 9, true));
  CHECK(peer.count("earshot/attic/lost") == 1);
}

TEST_CASE("what the thread cannot take in time is counted, and the count stands in its place") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  MqttPeer peer(broker.port(), "earshot/#");
  MqttTimes times = quick_times();
  times.most_queued = 0;
  OutletRig rig(times);
  rig.change(broker.port());
  rig.hear(mqtt_event(1));
  const json::object lost = json::parse(peer.await("earshot/attic/lost").payload).as_object();
  CHECK(lost.at("messages").to_number<int>() == 1);
}

TEST_CASE("a broker that hangs holds up neither who hears nor the end") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  LogLines log;
  OutletRig rig;
  rig.change(broker.port());
  CHECK(log.await("MQTT: connected to") == 1);
  broker.freeze(true);
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) rig.hear(mqtt_event(i));
  rig.stop(300ms);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  broker.freeze(false);
  MqttPeer peer(broker.port(), "earshot/#");
  rig.start();
  rig.change(broker.port());
  await_number(peer, 199);
  CHECK(std::ranges::is_sorted(numbers_of(peer)));
}

TEST_CASE("an event whose confirmation is lost holds up no goodbye, and is told again at the next start") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  MqttRelay relay(broker.port());
  MqttPeer peer(broker.port(), "earshot/#");
  OutletRig rig;
  rig.change(relay.port());
  peer.await(kStatus, "online");
  relay.lose_answers(true);
  rig.hear(mqtt_event(1));
  await_number(peer, 1);
  rig.hear(mqtt_event(2));
  const auto begun = std::chrono::steady_clock::now();
  rig.stop(300ms);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  peer.await(kStatus, "offline");
  peer.await(kStatus, "offline");  // the last will, since nothing says that the goodbye has come
  CHECK(peer.count(kEvents) == 1);
  relay.lose_answers(false);
  rig.start();
  rig.change(relay.port());
  rig.hear(mqtt_event(3));
  await_number(peer, 3);
  CHECK(peer.count(kEvents) == 4);
  CHECK(numbers_of(peer) == std::vector{std::pair(1, false), std::pair(2, true), std::pair(3, false)});
}

TEST_CASE("a goodbye whose confirmation is lost is said by the last will, one that is confirmed is enough") {
  if (skip_without_mosquitto()) return;
  for (const bool is_lost : {false, true}) {
    MqttBroker broker;
    MqttRelay relay(broker.port());
    MqttPeer peer(broker.port(), kStatus);
    OutletRig rig;
    rig.change(relay.port());
    peer.await(kStatus, "online");
    relay.lose_answers(is_lost);
    const auto begun = std::chrono::steady_clock::now();
    rig.stop(is_lost ? 300ms : 10'000ms);
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
    peer.await(kStatus, "offline");
    if (is_lost) peer.await(kStatus, "offline");
    relay.lose_answers(false);
    rig.start();
    rig.change(relay.port());
    peer.await(kStatus, "online");
    CHECK(peer.count(kStatus) == (is_lost ? 4 : 3));
  }
}

TEST_CASE("a broker that nobody reaches is told of once in the log, and holds up no start and no end") {
  LogLines log;
  OutletRig rig;
  const auto begun = std::chrono::steady_clock::now();
  const std::uint16_t nobody = FreePorts().next();
  rig.change(nobody);
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
  rig.hear(mqtt_event(1));
  CHECK(log.await("127.0.0.1:" + std::to_string(nobody) + ": cannot connect: Connection refused") == 1);
  rig.stop(100ms);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  CHECK(log.count("cannot connect") == 1);
}

TEST_CASE("a name that leads nowhere is told of once, too") {
  LogLines log;
  OutletRig rig;
  rig.change("broker = \"mqtt://broker.invalid\"\n", OutletRig::kMic);
  CHECK(log.await("broker.invalid:1883: cannot connect") == 1);
  rig.stop(0ms);
}

}  // namespace earshot::test
