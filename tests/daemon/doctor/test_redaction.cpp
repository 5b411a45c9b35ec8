// What a report for a bug tracker must not hold.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/doctor/Redaction.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("addresses beyond loopback are called the same all through a report, loopback as it is") {
  Redaction redaction({});
  CHECK(redaction.of("10.0.0.5 and 192.168.1.20:554, 10.0.0.5/24\n") ==
        "192.0.2.1 and 192.0.2.2:554, 192.0.2.1/24\n");
  CHECK(redaction.of("127.0.0.1:7557 [::1]:7557 0.0.0.0:80 [::]:80 12:34:56 at 2026-01-01T12:34:56") ==
        "127.0.0.1:7557 [::1]:7557 0.0.0.0:80 [::]:80 12:34:56 at 2026-01-01T12:34:56");
  CHECK(redaction.of("[fd12:3456::7]:1 again 192.168.1.20") == "[2001:db8::3]:1 again 192.0.2.2");
  CHECK(redaction.of("bluez 00:1B:66:AA:bb:CC") == "bluez MAC");
}

TEST_CASE("names of people and of the machine are words, not parts of others") {
  Redaction redaction({.host = "attic", .users = {"ann", "root"}, .words = {}});
  CHECK(redaction.of("attic: /home/ann/x /home/bob/y cannot annul, root, attics ann") ==
        "HOST: /home/USER/x /home/USER/y cannot annul, root, attics USER");
}

TEST_CASE("passwords and tokens go, however they are written") {
  Redaction redaction({});
  for (const std::string secret :
       {"password = \"hunter2\"", "\"token\": \"hunter2\"", "token=hunter2", "mqtt_password='hunter2'",
        "Authorization: Bearer hunter2", "rtsp://user:hunter2@host/x", "https://ntfy.example/hunter2",
        "api_key: hunter2", "PASSWD=hunter2;x", "user = \"hunter2\"", "token = \"a\\\"hunter2\"",
        "wss://hunter2"}) {
    INFO(secret);
    CHECK_THAT(redaction.of(secret), !Contains("hunter2") && Contains("***"));
  }
  CHECK(redaction.of("listen = \"127.0.0.1:7557\"") == "listen = \"127.0.0.1:7557\"");
}

TEST_CASE(
    "a program's arguments go but for the harmless, and so do their parts wherever else they are told") {
  const std::string toml =
      "[[source]]\nname = \"cam\"\nargv = [\"/usr/bin/ffmpeg\", \"-i\", "
      "\"rtsp://admin:s3cr3t@cam.example:554/feed-of-annas-room\", "
      "\"-ar\", \"16000\", \"--key=abcdef\"]\n";
  CHECK(without_arguments(toml) ==
        "[[source]]\nname = \"cam\"\nargv = [\"/usr/bin/ffmpeg\", \"-i\", \"***\", \"-ar\", \"16000\", "
        "\"***\"]\n");
  Redaction redaction({.host = {}, .users = {}, .words = secret_words(toml, false)});
  const std::string log =
      redaction.of("cam: admin s3cr3t abcdef cam.example feed-of-annas-room --key=abcdef");
  for (const char* secret : {"admin", "s3cr3t", "abcdef", "cam.example", "annas"})
    CHECK_THAT(log, !Contains(secret));
  CHECK_THAT(log, Contains("cam: "));
}

TEST_CASE(
    "a list of arguments over several lines is one, and of a broken configuration every text may be secret") {
  const std::string toml =
      "name = \"garden\"\nargv = [\"cmd\",\n  \"first-secret\",  # and\n  \"--key=second-secret\"]\nid = "
      "\"plain\"\n";
  const std::vector<std::string> words = secret_words(toml, false);
  CHECK(std::ranges::find(words, "first-secret") != words.end());
  CHECK(std::ranges::find(words, "second-secret") != words.end());
  CHECK(std::ranges::find(words, "plain") == words.end());
  CHECK(std::ranges::find(words, "cmd") == words.end());
  const std::vector<std::string> broken = secret_words(toml, true);
  CHECK(std::ranges::find(broken, "plain") != broken.end());
}

TEST_CASE("an action's URL, the broker and its user are known wherever they stand, paths of files stay") {
  const std::string toml =
      "[publish.mqtt]\nbroker = \"mqtts://[fd12:3456::7]:8883\"\nuser = \"annas-hub\"\n"
      "password_file = \"/etc/earshot/password\"\n"
      "[[action]]\nurl = \"https://hass.example/api/webhook/w3bh00k-id\"\ntoken_file = "
      "\"/etc/earshot/bearer\"\n";
  Redaction redaction({.host = {}, .users = {}, .words = secret_words(toml, false)});
  CHECK_THAT(redaction.of(toml), Contains("\"mqtts://***\"") && Contains("\"https://***\"") &&
                                     Contains("\"/etc/earshot/password\"") &&
                                     Contains("\"/etc/earshot/bearer\""));
  CHECK(redaction.of("to fd12:3456::7 as annas-hub, hass.example, w3bh00k-id") ==
        "to 2001:db8::1 as ***, ***, ***");
}

TEST_CASE("a machine's name is hidden without its domain as well, as an MQTT topic has it") {
  Redaction redaction({.host = "attic.example.org", .users = {}, .words = {}});
  CHECK(redaction.of("topic = \"earshot/attic\" at attic.example.org") == "topic = \"earshot/HOST\" at HOST");
  CHECK(Redaction({.host = "pi", .users = {}, .words = {}}).of("earshot/pi pipes") == "earshot/HOST pipes");
  Redaction ours({.host = "earshot.example.org", .users = {}, .words = {}});
  CHECK(ours.of("earshot on earshot.example.org") == "earshot on HOST");
}

}  // namespace earshot::test
