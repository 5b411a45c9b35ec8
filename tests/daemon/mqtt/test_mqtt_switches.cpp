// Commands: only where they are asked for, only ON and OFF to a switch, never what somebody said some time
// ago.
#include <string>

#include <catch2/catch.hpp>

#include "tests/daemon/LogLines.h"
#include "tests/daemon/mqtt/OutletAtBroker.h"

namespace earshot::test {
namespace {

constexpr const char* kSwitches = "labels = [\"Dog\", \"Doorbell\"]\nswitches = true\n";
constexpr const char* kDogCommand = "earshot/attic/mic/class/dog/set";
constexpr const char* kDogSwitch = "earshot/attic/mic/class/dog/switch";
constexpr const char* kGate = "earshot/attic/mic/gate";
constexpr const char* kGateCommand = "earshot/attic/mic/gate/set";

}  // namespace

TEST_CASE(
    "a label that is switched off is told neither as an event nor as a state, until it is switched on") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker("earshot/#", kSwitches);
  peer.await(kDogSwitch, "ON");
  peer.publish(kDogCommand, "OFF");
  peer.await(kDogSwitch, "OFF");
  rig.hear(mqtt_event(1));
  rig.hear(mqtt_event(2, Event::Phase::start, "Doorbell"));
  peer.await("earshot/attic/mic/class/doorbell", "ON");
  peer.publish(kDogCommand, "ON");
  peer.await(kDogSwitch, "ON");
  peer.await("earshot/attic/mic/class/dog", "ON");  // it goes on, after all
  rig.hear(mqtt_event(3));
  peer.await([](const MqttPeer::Message& each) { return each.payload.find("\"i-3\"") != std::string::npos; });
  CHECK(peer.count("earshot/attic/mic/event") == 2);
}

TEST_CASE("a retained command is passed over") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  MqttPeer peer(broker.port(), "earshot/#");
  peer.publish(kDogCommand, "OFF", true);
  OutletRig rig;
  rig.change(broker.port(), kSwitches);
  peer.await(kDogSwitch, "ON");
  peer.publish("earshot/attic/mic/class/doorbell/set", "OFF");
  peer.await("earshot/attic/mic/class/doorbell/switch", "OFF");
  for (const MqttPeer::Message& each : peer.messages())
    CHECK_FALSE((each.topic == kDogSwitch && each.payload == "OFF"));
}

TEST_CASE("a command that is none is passed over, and told of once a minute") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  MqttPeer peer(broker.port(), "earshot/#");
  LogLines log;
  OutletRig rig;
  rig.change(broker.port(), kSwitches);
  peer.await(kDogSwitch, "ON");
  peer.publish(kDogCommand, "off; rm -rf /");
  peer.publish("earshot/attic/mic/class/rain/set", "OFF");
  peer.publish("earshot/attic/../class/dog/set", "OFF");
  peer.publish(kDogCommand, "OFF");
  peer.await(kDogSwitch, "OFF");
  CHECK(log.count("passed over") == 1);
}

TEST_CASE("without switches commands are nothing") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker("earshot/#");
  peer.await("earshot/attic/status", "online");
  peer.publish(kDogCommand, "OFF");
  rig.hear(mqtt_event(1));
  peer.await("earshot/attic/mic/event");
  CHECK(peer.count(kDogSwitch) == 0);
}

TEST_CASE("a source's gate is switched off and on, and no other's") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] =
      OutletAtBroker("earshot/#", kSwitches,
                     std::string(OutletRig::kMic) + "[[source]]\nname = \"porch\"\nkind = \"stdin\"\n");
  peer.await(kGate, "ON");
  CHECK(rig.gates());
  peer.publish(kGateCommand, "off");  // is no command
  peer.publish(kGateCommand, "OFF");
  peer.await(kGate, "OFF");
  CHECK_FALSE(rig.gates());
  CHECK(rig.gates("porch"));
  peer.publish(kGateCommand, "ON");
  peer.await(kGate, "ON");
  CHECK(rig.gates());
  CHECK(peer.count("earshot/attic/porch/gate") == 1);  // that it is on
}

TEST_CASE("a retained command leaves the gate as it is") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  MqttPeer peer(broker.port(), "earshot/#");
  peer.publish(kGateCommand, "OFF", true);
  OutletRig rig;
  rig.change(broker.port(), kSwitches);
  peer.await(kGate, "ON");
  peer.publish(kDogCommand, "OFF");  // what comes behind it has been taken
  peer.await(kDogSwitch, "OFF");
  CHECK(rig.gates());
  CHECK(peer.count(kGate) == 1);
}

TEST_CASE("without switches a gate has no topic, and one that was switched off is on again") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker("earshot/#", kSwitches);
  peer.await(kGate, "ON");
  peer.publish(kGateCommand, "OFF");
  peer.await(kGate, "OFF");
  CHECK_FALSE(rig.gates());
  rig.change(broker.port());
  peer.await(kGate, "");
  CHECK(peer.await(kDogSwitch).payload.empty());
  peer.await("earshot/attic/status", "online");
  CHECK(rig.gates());
  const std::size_t told = peer.count(kGate);
  peer.publish(kGateCommand, "OFF");
  rig.hear(mqtt_event(1));
  peer.await("earshot/attic/mic/event");
  CHECK(rig.gates());
  CHECK(peer.count(kGate) == told);
}

TEST_CASE("a source that is renamed keeps its gate as it was switched, and gives its old name back") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker("#", kSwitches);
  peer.await(kGate, "ON");
  peer.publish(kGateCommand, "OFF");
  peer.await(kGate, "OFF");
  rig.change(broker.port(), kSwitches, "[[source]]\nname = \"door\"\nid = \"mic\"\nkind = \"microphone\"\n");
  peer.await(
      [](const MqttPeer::Message& each) { return each.payload.find("Earshot door") != std::string::npos; });
  CHECK_FALSE(rig.gates("door"));
  CHECK(rig.gates("mic"));
}

TEST_CASE("of a sender that is forgotten neither the gate nor its topic is left") {
  if (skip_without_mosquitto()) return;
  auto&& [broker, peer, rig] = OutletAtBroker("earshot/#", kSwitches, OutletRig::kSenders);
  rig.is(SourceState::up, "Barn 7");
  peer.await("earshot/attic/barn_7/gate", "ON");
  peer.publish("earshot/attic/barn_7/gate/set", "OFF");
  peer.await("earshot/attic/barn_7/gate", "OFF");
  CHECK_FALSE(rig.gates("Barn 7"));
  rig.is(SourceState::ended, "Barn 7", true);
  peer.await("earshot/attic/barn_7/gate", "");
  CHECK(rig.gates("Barn 7"));
}

}  // namespace earshot::test
