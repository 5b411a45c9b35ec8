// The message that makes a source a device in Home Assistant. That its own code takes it is checked in
// homeassistant/.
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/mqtt/HomeAssistant.h"
#include "tests/support/Child.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

namespace json = boost::json;

const MqttTopics kAttic("earshot/attic");

DiscoveredSource front_door() {
  return {
      .id = "mic", .name = "Front door", .model = "yamnet", .labels = {"Dog", "Door bell"}, .switches = true};
}

json::object discovery_of(const DiscoveredSource& source, const std::vector<std::string>& gone = {}) {
  return json::parse(discovery_message(kAttic, source, gone)).as_object();
}

}  // namespace

TEST_CASE("a source is one device whose entities stay the same whatever it is called") {
  DiscoveredSource renamed = front_door();
  renamed.name = "Back door";
  const json::object before = discovery_of(front_door());
  const json::object after = discovery_of(renamed);
  CHECK(before.at("components") == after.at("components"));
  CHECK(before.at("device").as_object().at("identifiers") ==
        after.at("device").as_object().at("identifiers"));
  CHECK(before.at("device").as_object().at("name").as_string() == "Earshot Front door");
  CHECK(kAttic.discovery("mic") == "homeassistant/device/earshot_attic_mic/config");
}

TEST_CASE("each entity has an id of its own, and is available while the daemon and its source are") {
  const json::object message = discovery_of(front_door());
  CHECK(message.at("availability_mode").as_string() == "all");
  CHECK(json::serialize(message.at("availability")) ==
        R"([{"topic":"earshot/attic/status"},{"topic":"earshot/attic/mic/status"}])");
  std::vector<std::string> ids;
  for (const auto& [key, component] : message.at("components").as_object())
    ids.emplace_back(component.as_object().at("default_entity_id").as_string());
  CHECK(ids == std::vector<std::string>{"event.earshot_attic_mic", "sensor.earshot_attic_mic_level",
                                        "binary_sensor.earshot_attic_mic_dog",
                                        "binary_sensor.earshot_attic_mic_door_bell",
                                        "switch.earshot_attic_mic_dog", "switch.earshot_attic_mic_door_bell",
                                        "switch.earshot_attic_mic_gate"});
}

TEST_CASE(
    "the event entity knows the listed labels and \"other\", and only what begins now gets through to it") {
  const json::object message = discovery_of(front_door());
  const json::object& event = message.at("components").as_object().at("event").as_object();
  CHECK(json::serialize(event.at("event_types")) == R"(["Dog","Door bell","other"])");
  CHECK(event.at("state_topic").as_string() == "earshot/attic/mic/event");
  CHECK(event.at("value_template").as_string().find("late") != std::string::npos);
}

TEST_CASE("with switches a source has one for its gate, whose place no label takes; without it has none") {
  DiscoveredSource source = front_door();
  source.labels = {"Gate"};
  const json::object message = discovery_of(source);
  const json::object& components = message.at("components").as_object();
  CHECK(components.size() == 5);
  const json::object& gate = components.at("switch").as_object();
  CHECK(gate.at("platform").as_string() == "switch");
  CHECK(gate.at("name").as_string() == "Gate");
  CHECK(gate.at("entity_category").as_string() == "config");
  CHECK(gate.at("state_topic").as_string() == "earshot/attic/mic/gate");
  CHECK(gate.at("command_topic").as_string() == "earshot/attic/mic/gate/set");
  CHECK(components.at("switch_gate").as_object().at("unique_id") != gate.at("unique_id"));
  CHECK(component_keys(source).size() == components.size());
  source.switches = false;
  CHECK_FALSE(discovery_of(source).at("components").as_object().contains("switch"));
}

TEST_CASE("a component that is gone is told by its platform alone") {
  const json::object message = discovery_of(front_door(), {"binary_sensor_cat", "switch_cat"});
  CHECK(json::serialize(message.at("components").as_object().at("binary_sensor_cat")) ==
        R"({"platform":"binary_sensor"})");
  CHECK(json::serialize(message.at("components").as_object().at("switch_cat")) == R"({"platform":"switch"})");
}

}  // namespace earshot::test
