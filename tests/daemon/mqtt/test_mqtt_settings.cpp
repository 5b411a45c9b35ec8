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
  return *parse_config("[events]\n" + mqtt_text(mqtt), "earshot.toml").publish_mqtt;
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
      "[events]\n" +
          mqtt_text(
              "broker = \"mqtts://h:1\"\nuser = \"me\"\npassword_file = \"/etc/secret\"\nca_file = \"/ca\"\n"
              "topic = \"a/b\"\nhomeassistant = false\nlabels = [\"Dog\"]\nswitches = true\n"),
      "earshot.toml");
  const std::string text = to_toml(config);
  CHECK(text.find("password_file = \"/etc/secret\"") != std::string::npos);
  CHECK(to_toml(parse_config(text, "printed.toml")) == text);
}

TEST_CASE("a mistake in [publish.mqtt] is named") {
  const auto error = [](const std::string& mqtt) { return mqtt_error("[events]\n" + mqtt_text(mqtt)); };
  CHECK(error("topic = \"a\"").find("'publish.mqtt.broker': found nothing") != std::string::npos);
  CHECK(error("broker = \"broker.lan\"").find("mqtt://") != std::string::npos);
  CHECK(error("broker = \"mqtt://me:secret@broker.lan\"").find("password_file") != std::string::npos);
  CHECK(error("broker = \"mqtt://me:secret@broker.lan\"").find("secret") == std::string::npos);
  CHECK(error("broker = \"mqtt://h\"\npassword_file = \"p\"").find("'publish.mqtt.user'") !=
        std::string::npos);
  CHECK(error("broker = \"mqtt://h\"\nca_file = \"p\"").find("mqtts://") != std::string::npos);
  for (const char* topic : {"a/#", "+/b", "/a", "a/", "a//b", "$SYS/a", ""})
    CHECK(
        error("broker = \"mqtt://h\"\ntopic = \"" + std::string(topic) + '"').find("'publish.mqtt.topic'") !=
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

TEST_CASE("labels need events") {
  CHECK(mqtt_error(mqtt_text("broker = \"mqtt://h\"\nlabels = [\"Dog\"]")).find("a table [events] as well") !=
        std::string::npos);
}

}  // namespace earshot::test
