// Commands: only where they are asked for, only ON and OFF to a switch, never what somebody said some time ago.
#include <string>

#include <catch2/catch.hpp>

#include "tests/daemon/LogLines.h"
#include "tests/daemon/mqtt/MqttBroker.h"
#include "tests/daemon/mqtt/OutletRig.h"

namespace earshot::test {
namespace {

constexpr const char* kSwitches = "labels = [\"Dog\", \"Doorbell\"]\nswitches = true\n";
constexpr const char* kDogCommand = "earshot/attic/mic/class/dog/set";
constexpr const char* kDogSwitch = "earshot/attic/mic/class/dog/switch";

}  // namespace

TEST_CASE("a label that is switched off is told neither as an event nor as a state, until it is switched on") {
  if (skip_without_mosquitto()) return;
  MqttBroker broker;
  MqttPeer peer(broker.port(), "earshot/#");
  OutletRig rig;
  rig.change(broker.port(), kSwitches);
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
  for (const MqttPeer::Message& each : peer.messages()) CHECK_FALSE((each.topic == kDogSwitch && each.payload == "OFF"));
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
  MqttBroker broker;
  MqttPeer peer(broker.port(), "earshot/#");
  OutletRig rig;
  rig.change(broker.port());
  peer.await("earshot/attic/status", "online");
  peer.publish(kDogCommand, "OFF");
  rig.hear(mqtt_event(1));
  peer.await("earshot/attic/mic/event");
  CHECK(peer.count(kDogSwitch) == 0);
}

}  // namespace earshot::test
