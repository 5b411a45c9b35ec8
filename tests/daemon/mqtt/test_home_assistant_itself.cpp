// Home Assistant's own core and MQTT integration, made by tests/homeassistant/check: what its users see of
// us.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/FreePorts.h"
#include "tests/daemon/mqtt/OutletAtBroker.h"

namespace earshot::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* kScript = EARSHOT_SOURCE_DIR "/tests/daemon/mqtt/homeassistant/show_entities.py";

/// What it says, line by line.
class HomeAssistant {
 public:
  HomeAssistant(const std::string& root, std::uint16_t broker, std::uint16_t own, int entities)
      : child_({"/usr/sbin/chroot", root, "/opt/ha/bin/python", "-", std::to_string(broker),
                std::to_string(own), std::to_string(entities)},
               {}, kScript) {}

  std::vector<json::object> lines(std::string_view kind) const {
    std::vector<json::object> found;
    std::istringstream text(child_.out());
    for (std::string line; std::getline(text, line);) {
      if (!text.eof() && line.starts_with('{')) {
        json::object each = json::parse(line).as_object();
        if (each.at("kind").as_string() == kind) found.push_back(std::move(each));
      }
    }
    return found;
  }
  /// Waits until there are so many.
  std::vector<json::object> await(std::string_view kind, std::size_t least) const {
    for (int i = 0; i < 6'000; ++i) {
      if (auto found = lines(kind); found.size() >= least) return found;
      std::this_thread::sleep_for(10ms);
    }
    throw std::runtime_error("Home Assistant never said so: " + child_.out() + child_.err());
  }
  /// Waits for a state of an entity.
  json::object await_state(std::string_view entity, std::string_view state) const {
    for (int i = 0; i < 6'000; ++i) {
      for (const json::object& each : lines("state")) {
        if (each.at("entity").as_string() == entity && each.at("state").as_string() == state) return each;
      }
      std::this_thread::sleep_for(10ms);
    }
    throw std::runtime_error(std::string(entity) + " never was " + std::string(state) + ": " + child_.out());
  }
  int wait() { return child_.wait(60s); }
  std::string err() const { return child_.err(); }

 private:
  Child child_;
};

}  // namespace

TEST_CASE("Home Assistant makes entities of a source, and its event entity hears what begins now alone",
          "[homeassistant]") {
  if (skip_without_mosquitto()) return;
  const char* root = std::getenv("EARSHOT_HOMEASSISTANT");
  if (!root || ::geteuid() != 0) return skip("no Home Assistant here: tests/homeassistant/check makes one");
  auto&& [broker, peer, rig] =
      OutletAtBroker("earshot/attic/#", "labels = [\"Dog\", \"Doorbell\"]\nswitches = true\n",
                     "[[source]]\nname = \"Front door\"\nid = \"mic\"\nkind = \"microphone\"\n");
  rig.is(SourceState::up, "Front door");
  peer.await("earshot/attic/status", "online");
  FreePorts ports;
  ports.next();
  HomeAssistant assistant(root, broker.port(), ports.next(), 7);
  assistant.await("listening", 1);

  std::map<std::string, json::object> entities;
  for (const json::object& each : assistant.lines("entity"))
    entities[std::string(each.at("entity").as_string())] = each;
  REQUIRE(entities.size() == 7);
  const json::object& event = entities.at("event.earshot_attic_mic");
  CHECK(event.at("name").as_string() == "Earshot Front door Sound");
  CHECK(json::serialize(event.at("types")) == R"(["Dog","Doorbell","other"])");
  const json::object& dog = entities.at("binary_sensor.earshot_attic_mic_dog");
  CHECK(dog.at("name").as_string() == "Earshot Front door Dog");
  CHECK(dog.at("device_class").as_string() == "sound");
  CHECK(dog.at("disabled").is_null());
  CHECK(entities.at("sensor.earshot_attic_mic_level").at("unit").as_string() == "dBFS");
  CHECK(entities.at("switch.earshot_attic_mic_doorbell").at("category").as_string() == "config");
  CHECK(entities.at("switch.earshot_attic_mic_gate").at("name").as_string() == "Earshot Front door Gate");
  CHECK(entities.at("switch.earshot_attic_mic_gate").at("category").as_string() == "config");
  assistant.await_state("binary_sensor.earshot_attic_mic_dog", "off");

  rig.hear(mqtt_event(1, Event::Phase::start, "Dog", "Front door"));
  const auto begun = peer.await("earshot/attic/mic/event");
  assistant.await_state("binary_sensor.earshot_attic_mic_dog", "on");
  rig.hear(mqtt_event(1, Event::Phase::end, "Dog", "Front door"));
  assistant.await_state("binary_sensor.earshot_attic_mic_dog", "off");
  // What an outage kept back, word for word as the outlet flags it.
  peer.publish("earshot/attic/mic/event", "{\"late\":true," + begun.payload.substr(1));
  rig.hear(mqtt_event(2, Event::Phase::start, "Rain", "Front door"));
  peer.publish("earshot/attic/mic/class/doorbell/set", "OFF");
  assistant.await_state("switch.earshot_attic_mic_doorbell", "off");
  peer.publish("earshot/attic/mic/gate/set", "OFF");
  assistant.await_state("switch.earshot_attic_mic_gate", "off");
  std::vector<std::string> types;
  for (int i = 0; i < 1'000 && types.size() < 2; ++i) {
    types.clear();
    for (const json::object& each : assistant.lines("state")) {
      const json::object& attributes = each.at("attributes").as_object();
      if (each.at("entity").as_string() == "event.earshot_attic_mic" && attributes.contains("event_type"))
        types.push_back(std::string(attributes.at("event_type").as_string()) + ' ' +
                        std::string(attributes.at("event_id").as_string()));
    }
    std::this_thread::sleep_for(10ms);
  }
  CHECK(types == std::vector<std::string>{"Dog i-1", "other i-2"});

  rig.change(broker.port(), "labels = [\"Dog\"]\nswitches = true\n",
             "[[source]]\nname = \"Front door\"\nid = \"mic\"\nkind = \"microphone\"\n");
  assistant.await("gone", 2);  // the doorbell's sensor and its switch
  rig.change(broker.port(), "labels = [\"Dog\"]\nswitches = true\n",
             "[[source]]\nname = \"other\"\nkind = \"microphone\"\n");
  assistant.await("gone", 7);
  peer.publish("end", "");
  assistant.wait();
  std::string warnings;
  for (const json::object& each : assistant.lines("warning")) warnings += json::serialize(each) + '\n';
  CHECK(warnings.empty());
}

}  // namespace earshot::test
