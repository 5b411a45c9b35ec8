// [publish.mqtt]: what it may say, and how it is refused.
#include <string>

#include <catch2/catch.hpp>

#include "daemon/settings/Config.h"

namespace earshot::test {
namespace {

constexpr const char* kTwoSources =
    "[[source]]\nname = \"mic\"\nkind = \"microphone\"\n[[source]]\nname = \"Mic\"\nkind = \"microphone\"\n";

std::string mqtt_text(const std::string& mqtt) {
  return "[[source]]\nname = \"mic\"\nkind = \"microphone\"\n[publish.mqtt]\n" + mqtt;
}

MqttSettings mqtt_of(const std::string& mqtt) {
  return *parse_config(mqtt_text(mqtt), "earshot.toml").publish_mqtt;
}

std::string mqtt_error(const std::string& text) {
  try {
    parse_config(text, "earshot.toml");
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("without [publish.mqtt] there is no broker; with it the ports and names are the usual ones") {
  CHECK_FALSE(parse_config(kTwoSources, "earshot.toml").publish_mqtt);
  CHECK(mqtt_of("broker = \"mqtt://broker.lan\"").broker == Endpoint{"broker.lan", 1883});
  const MqttSettings secure = mqtt_of("broker = \"mqtts://[::1]\"\nca_file = \"ca.pem\"");
  CHECK(secure.broker == Endpoint{"::1", 8883});
  CHECK(secure.tls);
  CHECK(secure.topic.starts_with("earshot/"));
  CHECK(secure.topic.size() > 8);
  CHECK(secure.homeassistant);
  CHECK_FALSE(secure.switches);
}

TEST_CASE("what [publish.mqtt] says is read back from what is printed, and no password is in it") {
  const Config config = parse_config(
      mqtt_text("broker = \"mqtts://h:1\"\nuser = \"me\"\npassword_file = \"/etc/secret\"\nca_file = \"/ca\"\n"
                "topic = \"a/b\"\nhomeassistant = false\nlabels = [\"Dog\"]\nswitches = true\n"),
      "earshot.toml");
  const std::string text = to_toml(config);
  CHECK(text.find("password_file = \"/etc/secret\"") != std::string::npos);
  CHECK(to_toml(parse_config(text, "printed.toml")) == text);
}

TEST_CASE("a mistake in [publish.mqtt] is named") {
  const auto error = [](const std::string& mqtt) { return mqtt_error(mqtt_text(mqtt)); };
  CHECK(error("topic = \"a\"").find("'publish.mqtt.broker': found nothing") != std::string::npos);
  CHECK(error("broker = \"broker.lan\"").find("mqtt://") != std::string::npos);
  CHECK(error("broker = \"mqtt://me:secret@broker.lan\"").find("password_file") != std::string::npos);
  CHECK(error("broker = \"mqtt://me:secret@broker.lan\"").find("secret") == std::string::npos);
  CHECK(error("broker = \"mqtt://h\"\npassword_file = \"p\"").find("'publish.mqtt.user'") != std::string::npos);
  CHECK(error("broker = \"mqtt://h\"\nca_file = \"p\"").find("mqtts://") != std::string::npos);
  for (const char* topic : {"a/#", "+/b", "/a", "a/", "a//b", "$SYS/a", ""})
    CHECK(error("broker = \"mqtt://h\"\ntopic = \"" + std::string(topic) + '"').find("'publish.mqtt.topic'") !=
          std::string::npos);
  CHECK(error("broker = \"mqtt://h\"\nlabels = [\"Dog\", \"dog\"]").find("\"dog\" beside \"Dog\"") !=
        std::string::npos);
  CHECK(error("broker = \"mqtt://h\"\nlable = []").find("lable") != std::string::npos);
}

TEST_CASE("two sources of one id are refused where there is a broker, and told how to go on") {
  CHECK(mqtt_error(kTwoSources).empty());
  const std::string error = mqtt_error(std::string(kTwoSources) + "[publish.mqtt]\nbroker = \"mqtt://h\"\n");
  CHECK(error.find("\"mic\" and \"Mic\" of one id, \"mic\"") != std::string::npos);
  CHECK(error.find("key 'id'") != std::string::npos);
}

TEST_CASE("a listed label has to be the model's, a group's or a level's, and there have to be events") {
  const MqttSettings mqtt = mqtt_of("broker = \"mqtt://h\"\nlabels = [\"Dog\", \"animal\", \"loud\", \"Dogg\"]");
  EventSettings events;
  events.groups.push_back({.name = "animal", .name_place = "", .labels = {}});
  events.levels.push_back({.name = "loud", .name_place = "", .above_dbfs = -20});
  const auto problem = [&](const EventSettings* which) {
    try {
      check_mqtt_labels(mqtt, {"Dog", "Rain"}, which);
      return std::string();
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
  };
  CHECK(problem(&events).find("'publish.mqtt.labels': found \"Dogg\"") != std::string::npos);
  CHECK(problem(&events).find("nearest label is \"Dog\"") != std::string::npos);
  CHECK(problem(nullptr).find("[events]") != std::string::npos);
  events.groups.push_back({.name = "Dogg", .name_place = "", .labels = {}});
  CHECK(problem(&events).empty());
}

}  // namespace earshot::test
