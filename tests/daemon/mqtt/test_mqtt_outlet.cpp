// MqttOutlet and a real broker: states, events, Home Assistant, reloads.
#include <chrono>
#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/LogLines.h"
#include "tests/daemon/mqtt/OutletAtBroker.h"

namespace earshot::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* kDiscovery = "homeassistant/device/earshot_attic_mic/config";

}  // namespace

TEST_CASE("a broker is told that the daemon and a source are there, what goes on, and how loud it is") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker("earshot/#");
  peer.await("earshot/attic/mic/class/dog", "OFF");
  peer.await("earshot/attic/mic/status", "offline");
  peer.await("earshot/attic/status", "online");
  rig.is(SourceState::up);
  peer.await("earshot/attic/mic/status", "online");
  rig.hear(mqtt_event(1));
  peer.await("earshot/attic/mic/class/dog", "ON");
  rig.hear(mqtt_event(1, Event::Phase::end));
  peer.await("earshot/attic/mic/class/dog", "OFF");
  Prediction prediction;
  prediction.source = "mic";
  prediction.level_dbfs = -31.26;
  rig.hear(prediction);
  peer.await("earshot/attic/mic/level", "-31.3");
  rig.is(SourceState::stalled);
  peer.await("earshot/attic/mic/status", "offline");
  rig.stop();
  peer.await("earshot/attic/status", "offline");
  MqttPeer later(broker.port(), "earshot/#");
  CHECK(later.await("earshot/attic/status", "offline").retained);
}

TEST_CASE("an event has the stream's fields, its type for Home Assistant, and is not retained") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker("earshot/attic/mic/event");
  rig.hear(mqtt_event(1));
  rig.hear(mqtt_event(2, Event::Phase::start, "Rain"));
  const json::object dog = json::parse(peer.await("earshot/attic/mic/event").payload).as_object();
  CHECK(dog.at("event_type").as_string() == "Dog");
  CHECK(dog.at("type").as_string() == "event");
  CHECK(dog.at("phase").as_string() == "start");
  CHECK(dog.at("event_id").as_string() == "i-1");
  CHECK(dog.at("source").as_string() == "mic");
  CHECK(dog.at("time").as_string() == "2023-11-14T22:13:21.000000Z");
  CHECK_FALSE(dog.contains("seq"));
  CHECK_FALSE(dog.contains("late"));
  const json::object rain = json::parse(peer.await("earshot/attic/mic/event").payload).as_object();
  CHECK(rain.at("event_type").as_string() == "other");
  CHECK(rain.at("label").as_string() == "Rain");
  rig.stop();
  MqttPeer later(broker.port(), "earshot/#");
  later.await("earshot/attic/status");
  CHECK(later.count("earshot/attic/mic/event") == 0);
}

TEST_CASE("a daemon that is killed is offline by its last will") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  MqttLogin login;
  login.broker = {"127.0.0.1", broker.port()};
  login.client_id = "killed";
  login.status_topic = "earshot/attic/status";
  MqttPeer peer(broker.port(), "earshot/#");
  auto connection = std::make_unique<MqttConnection>(login);
  while (!connection->is_up()) connection->turn(connection->wants_write() ? POLLOUT : short{0});
  connection.reset();  // without a word
  CHECK(peer.await("earshot/attic/status").payload == "offline");
  MqttPeer later(broker.port(), "earshot/#");
  CHECK(later.await("earshot/attic/status").retained);
}

TEST_CASE("Home Assistant learns of a source, again when it comes up, and that it is gone when it is") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker();
  const json::object message = json::parse(peer.await(kDiscovery).payload).as_object();
  CHECK(message.at("components").as_object().size() == 4);
  CHECK(message.at("device").as_object().at("model").as_string() == "yamnet");
  peer.await("earshot/attic/status");
  peer.publish("homeassistant/status", "online");
  CHECK(json::parse(peer.await(kDiscovery).payload) == message);
  const std::string other = "[[source]]\nname = \"other\"\nkind = \"microphone\"\n";
  rig.change(broker.port(), OutletRig::kLabels, other);
  CHECK(peer.await(kDiscovery).payload.empty());
  peer.await("earshot/attic/mic/status", "offline");
  MqttPeer later(broker.port());
  later.await("earshot/attic/status");
  CHECK(later.count(kDiscovery) == 0);
  CHECK(later.count("earshot/attic/mic/class/dog") == 0);
  CHECK(later.count("earshot/attic/mic/status") == 1);
}

TEST_CASE("a source that was removed while the daemon was down is taken back all the same") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker();
  peer.await(kDiscovery);
  peer.await("earshot/attic/status", "online");
  rig.stop();
  rig.start();
  rig.change(broker.port(), OutletRig::kLabels, "[[source]]\nname = \"other\"\nkind = \"microphone\"\n");
  CHECK(peer.await(kDiscovery).payload.empty());
}

TEST_CASE("a source that was removed while the daemon was down is no sender that may come back") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] =
      OutletAtBroker("#", OutletRig::kLabels, std::string(OutletRig::kMic) + OutletRig::kSenders);
  rig.is(SourceState::up, "Barn 7");
  peer.await("earshot/attic/barn_7/status", "online");
  rig.is(SourceState::ended, "Barn 7");
  rig.stop();
  rig.start();
  rig.change(broker.port(), OutletRig::kLabels, OutletRig::kSenders);
  peer.await([](const MqttPeer::Message& each) { return each.topic == kDiscovery && each.payload.empty(); });
  MqttPeer later(broker.port());
  CHECK(later.await("homeassistant/device/earshot_attic_barn_7/config").retained);
}

TEST_CASE("a sender that is forgotten while the broker is away is taken back when that is here again") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  LogLines log;
  OutletRig rig;
  rig.change(broker.port(), OutletRig::kLabels, OutletRig::kSenders);
  {
    MqttPeer peer(broker.port());
    rig.is(SourceState::up, "Barn 7");
    peer.await("earshot/attic/barn_7/status", "online");
  }
  broker.stop();
  CHECK(log.await("what happens meanwhile is kept") >= 1);
  rig.is(SourceState::ended, "Barn 7", true);
  broker.start();
  MqttPeer peer(broker.port());
  peer.await("earshot/attic/status", "online");
  for (const MqttPeer::Message& each : peer.messages())
    CHECK_FALSE((each.topic == "earshot/attic/barn_7/class/dog" && !each.payload.empty()));
}

TEST_CASE("a label that is taken off the list and put back has its state again, a switch goes with its key") {
  if (skip_without_mosquitto()) return;
  const std::string doorbell = "earshot/attic/mic/class/doorbell";
  auto&& [broker, peer, rig] = OutletAtBroker("earshot/#");
  peer.await(doorbell, "OFF");
  peer.await("earshot/attic/status", "online");
  rig.change(broker.port(), "labels = [\"Dog\"]\n");
  peer.await(doorbell, "");
  rig.change(broker.port(), std::string(OutletRig::kLabels) + "switches = true\n");
  peer.await(doorbell + "/switch", "ON");
  rig.change(broker.port(), std::string(OutletRig::kLabels));
  peer.await(doorbell + "/switch", "");
  rig.change(broker.port(), "labels = [\"Dog\"]\n");
  peer.await(doorbell, "");
  rig.change(broker.port());
  peer.await(doorbell, "OFF");
}

TEST_CASE("a source that is renamed keeps its topics and entities") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker();
  rig.is(SourceState::up);
  const json::object before = json::parse(peer.await(kDiscovery).payload).as_object();
  rig.change(broker.port(), OutletRig::kLabels,
             "[[source]]\nname = \"Front door\"\nid = \"mic\"\nkind = \"microphone\"\n");
  const json::object after = json::parse(peer.await(kDiscovery).payload).as_object();
  CHECK(after.at("device").as_object().at("name").as_string() == "Earshot Front door");
  CHECK(after.at("components") == before.at("components"));
  rig.hear(mqtt_event(1, Event::Phase::end));  // what still comes of the old one
  rig.is(SourceState::ended, "mic", true);
  rig.is(SourceState::up, "Front door");
  rig.hear(mqtt_event(2, Event::Phase::start, "Dog", "Front door"));
  peer.await("earshot/attic/mic/class/dog", "ON");
  peer.await([](const MqttPeer::Message& each) {
    return each.topic == "earshot/attic/mic/event" && each.payload.find("i-2") != std::string::npos;
  });
  for (const MqttPeer::Message& each : peer.messages())
    CHECK_FALSE((each.topic == kDiscovery && each.payload.empty()));
}

TEST_CASE("a label that is no longer listed loses its entity, and a new one gets one") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker();
  peer.await(kDiscovery);
  peer.await("earshot/attic/status", "online");
  rig.change(broker.port(), "labels = [\"Dog\", \"Rain\"]\n");
  const json::object told = json::parse(peer.await(kDiscovery).payload).as_object();
  CHECK(json::serialize(told.at("components").as_object().at("binary_sensor_doorbell")) ==
        R"({"platform":"binary_sensor"})");
  const json::object now = json::parse(peer.await(kDiscovery).payload).as_object();
  CHECK(now.at("components").as_object().contains("binary_sensor_rain"));
  CHECK_FALSE(now.at("components").as_object().contains("binary_sensor_doorbell"));
  peer.await("earshot/attic/mic/class/rain", "OFF");
}

TEST_CASE("senders that name themselves are devices while they are known") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker("#", OutletRig::kLabels, OutletRig::kSenders);
  peer.await("earshot/attic/status", "online");
  rig.is(SourceState::up, "Barn 7");
  CHECK_FALSE(peer.await("homeassistant/device/earshot_attic_barn_7/config").payload.empty());
  rig.is(SourceState::ended, "Barn 7", true);
  CHECK(peer.await("homeassistant/device/earshot_attic_barn_7/config").payload.empty());
  peer.await("earshot/attic/barn_7/status", "offline");
}

TEST_CASE("a reload moves to another topic and to another broker, and says goodbye to what was") {
  if (skip_without_mosquitto()) return;
  MqttBroker one;
  MqttBroker other;
  MqttPeer at_one(one.port());
  MqttPeer at_other(other.port());
  OutletRig rig;
  rig.change(one.port());
  at_one.await("earshot/attic/status", "online");
  rig.change("broker = \"mqtt://127.0.0.1:" + std::to_string(one.port()) + "\"\ntopic = \"earshot/cellar\"\n",
             OutletRig::kMic);
  at_one.await("earshot/attic/status", "offline");
  CHECK(at_one.await(kDiscovery).payload.empty());
  at_one.await("earshot/cellar/status", "online");
  rig.change(other.port());
  at_other.await("earshot/attic/status", "online");
  rig.outlet().change(parse_config(OutletRig::kMic, "none.toml"), mqtt_facts());
  at_other.await("earshot/attic/status", "offline");
}

TEST_CASE("a reload that logs in anew is offline until it is in") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker("earshot/attic/status");
  peer.await("earshot/attic/status", "online");
  rig.change(broker.port(), "user = \"me\"\nlabels = [\"Dog\"]\n");
  peer.await("earshot/attic/status", "offline");
  peer.await("earshot/attic/status", "online");
}

TEST_CASE("without homeassistant nothing goes to its topics") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker("#", "homeassistant = false\n");
  rig.is(SourceState::up);
  rig.hear(mqtt_event(1));
  peer.await("earshot/attic/mic/event");
  CHECK(peer.count(kDiscovery) == 0);
}

}  // namespace earshot::test
