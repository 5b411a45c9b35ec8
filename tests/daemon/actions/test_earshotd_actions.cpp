// The real earshotd with actions: its own events told, labels checked, nothing left behind.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/Daemon.h"
#include "tests/daemon/actions/HookServer.h"
#include "tests/support/Processes.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

namespace json = boost::json;

/// A tone is an event of "loud", whatever the model makes of it.
std::string loud_events(const TemporaryDirectory& files) {
  const std::filesystem::path file = files / "tone.wav";
  write_wav(file, sine(700, 44'100, 44'100 * 8), 44'100);
  return "[[source]]\nname = \"tone\"\nkind = \"file\"\npath = \"" + file.string() +
         "\"\npace = \"fast\"\n[[source]]\nname = \"stays\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\n"
         "[events]\nlabels = []\n[[events.level]]\nname = \"loud\"\nabove_dbfs = -40\n";
}

}  // namespace

TEST_CASE("an earshotd runs what an action says and posts to its URL") {
  const TemporaryDirectory files;
  const HookServer server([](std::size_t) { return http_answer("200 OK"); });
  const std::string told = (files / "told").string();
  Daemon daemon(loud_events(files) +
                "[[action]]\nlabels = [\"loud\"]\nphase = \"both\"\ncommand = [\"sh\", \"-c\", \"cat >> " +
                told + "\"]\n[[action]]\nurl = \"" + server.url() + "\"\n");
  const std::vector<std::string> lines = await_lines(told, 2);
  REQUIRE(lines.size() == 2);
  const std::vector<HookRequest> requests = server.await(1);
  REQUIRE(requests.size() == 1);
  const json::object posted = json::parse(requests[0].body).as_object();
  CHECK(posted.at("type").as_string() == "event");
  CHECK(posted.at("source").as_string() == "tone");
  CHECK(posted.at("label").as_string() == "loud");
  CHECK(posted.at("phase").as_string() == "start");
  CHECK_FALSE(posted.contains("seq"));
  CHECK((lines[0] + '\n' == requests[0].body || lines[1] + '\n' == requests[0].body));
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
}

TEST_CASE("an action that runs when the daemon ends, or is killed, ends too") {
  for (const int signal : {SIGTERM, SIGKILL}) {
    const TemporaryDirectory files;
    const std::string family = (files / "family").string();
    files.write("deaf.sh", "trap '' TERM\necho $$ >> " + family + "\nwhile :; do sleep 1000; done\n");
    files.write("family.sh", "sh " + (files / "deaf.sh").string() + " &\nsetsid sh " +
                                 (files / "deaf.sh").string() + " &\nexec sh " +
                                 (files / "deaf.sh").string() + "\n");
    Daemon daemon(loud_events(files) + "[[action]]\ncommand = [\"sh\", \"" + (files / "family.sh").string() +
                  "\"]\n");
    const std::vector<std::string> processes = await_lines(family, 3);
    REQUIRE(processes.size() == 3);
    const auto begun = std::chrono::steady_clock::now();
    daemon.child().send_signal(signal);
    CHECK(daemon.child().wait() == (signal == SIGTERM ? 0 : -SIGKILL));
    CHECK(std::chrono::steady_clock::now() - begun < 10s);
    CHECK(all_end(processes));
  }
}

TEST_CASE(
    "a reload is refused for a secret that cannot be read, or a label without events, whatever the model") {
  const std::string source =
      "[[source]]\nname = \"stays\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\n[events]\n";
  const std::string mqtt = "[publish.mqtt]\nbroker = \"mqtt://127.0.0.1:1\"\n";
  Daemon daemon(source);
  const Model& other = small_yamnet();  // of another rate: nothing goes on
  daemon.reload(source + "[[action]]\nurl = \"http://127.0.0.1:1\"\ntoken_file = \"no-token\"\n", other);
  daemon.await_log("no-token");
  daemon.reload(source + mqtt + "user = \"me\"\npassword_file = \"no-password\"\n", other);
  daemon.await_log("no-password");
  daemon.reload(source + mqtt + "labels = [\"tow\"]\n", other);
  daemon.await_log("'publish.mqtt.labels': found \"tow\"");
  daemon.reload(source);
  daemon.await_log("reloaded: nothing has changed");
}

TEST_CASE(
    "an action's label that has no events is an error with the nearest that have, and a reload refuses it") {
  const TemporaryDirectory files;
  const std::string source =
      "[[source]]\nname = \"stays\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\n[events]\nignore = "
      "[\"one\"]\n";
  Daemon daemon(source + "[[action]]\nlabels = [\"two\"]\ncommand = [\"true\"]\n");
  const auto check = [&](const std::string& label, const std::string& command = "true") {
    save_model(untrained_model(), files / "model.safetensors");
    const std::string file = files
                                 .write("check.toml", "[model]\npath = \"model.safetensors\"\n" + source +
                                                          "[[action]]\nlabels = [\"" + label +
                                                          "\"]\ncommand = [\"" + command + "\"]\n")
                                 .string();
    return run_program({EARSHOT_EARSHOTD, "--config", file, "--check-config"});
  };
  CHECK(check("two").code == 0);
  const Finished unknown = check("tow");
  CHECK(unknown.code == 78);
  CHECK_THAT(unknown.err,
             Catch::Matchers::Contains(
                 "check.toml:10: key 'action.labels': found \"tow\", which is none of the "
                 "sounds that have events, expected one of the 9 that have; nearest are \"two\""));
  CHECK_THAT(check("one").err,
             Catch::Matchers::Contains("found \"one\", a label that has no events of its own"));
  CHECK_THAT(check("two", "earshot-has-no-such-program").err,
             Catch::Matchers::Contains("expected a program that may be run"));
  daemon.reload(source + "[[action]]\nlabels = [\"tow\"]\ncommand = [\"true\"]\n");
  daemon.await_log("not reloaded, going on as before");
  daemon.reload(source + "[[action]]\nlabels = [\"three\"]\ncommand = [\"true\"]\n");
  daemon.await_log("info reloaded: model");
}

}  // namespace earshot::test
