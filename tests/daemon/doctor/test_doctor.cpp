// The real `earshot doctor`: by configurations, ports and daemons as people have them.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/net/Address.h"
#include "tests/daemon/FreePorts.h"
#include "tests/daemon/TestModel.h"
#include "tests/daemon/TlsClient.h"
#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

/// A configuration with a model that exists, whose daemon would listen on `port`.
struct DoctorsConfig {
  explicit DoctorsConfig(const std::string& rest, std::uint16_t port = FreePorts().next()) {
    save_model(small_yamnet(), directory / "model.safetensors");
    path = directory.write("earshot.toml",
                           "[model]\npath = \"model.safetensors\"\n[publish.tcp]\nlisten = \"127.0.0.1:" +
                               std::to_string(port) + "\"\n" + rest);
  }
  Finished doctor(std::vector<std::string> more = {}, std::vector<std::string> environment = {}) const {
    std::vector<std::string> arguments{EARSHOT_EARSHOT, "doctor", "--config", path.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments, std::move(environment));
  }

  TemporaryDirectory directory;
  std::filesystem::path path;
};

constexpr const char* kPorch =
    "[[source]]\nname = \"porch\"\nkind = \"stdin\"\nformat = \"s16le\"\nrate_hz = 16000\nchannels = 1\n";

/// "ok", "warn" or "FAIL" of the first line of a check; empty if it has none.
std::string verdict_of(const std::string& text, const std::string& check) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string verdict, name;
    if (words >> verdict >> name && name == check) return verdict;
  }
  return {};
}

}  // namespace

TEST_CASE("the doctor says ok to what is good, in order, without a colour, and ends with 0") {
  const DoctorsConfig config(kPorch);
  const Finished finished = config.doctor();
  INFO(finished.out);
  CHECK(finished.code == 0);
  CHECK(finished.err.empty());
  for (const char* check : {"config", "model", "user", "ports", "disk", "files", "network", "speed"}) {
    INFO(check);
    CHECK(verdict_of(finished.out, check) == "ok");
  }
  CHECK(finished.out.find("config") < finished.out.find("model  "));
  CHECK_THAT(finished.out, !Contains("\x1b") && !Contains("FAIL"));
}

TEST_CASE("no configuration, a broken one and a missing model end the doctor with 78 and a mend") {
  const TemporaryDirectory empty;
  const Finished none = run_program({EARSHOT_EARSHOT, "doctor", "--config", (empty / "none.toml").string()});
  CHECK(none.code == 78);
  CHECK(verdict_of(none.out, "config") == "FAIL");
  CHECK(verdict_of(none.out, "clock") != "");
  CHECK_THAT(none.out, Contains("none.toml") && Contains("mend:") && Contains("checks more"));

  const DoctorsConfig broken(std::string("[gaet]\n") + kPorch);
  const Finished wrong = broken.doctor();
  CHECK(wrong.code == 78);
  CHECK_THAT(wrong.out, Contains("gaet") && Contains("--check-config"));

  const DoctorsConfig config(kPorch);
  std::filesystem::remove(config.directory / "model.safetensors");
  const Finished missing = config.doctor();
  CHECK(missing.code == 78);
  CHECK(verdict_of(missing.out, "config") == "ok");
  CHECK(verdict_of(missing.out, "model") == "FAIL");
  CHECK(verdict_of(missing.out, "files") == "FAIL");
}

TEST_CASE("a port that another program has is told with its name, and the doctor ends with 69") {
  FreePorts ports;
  const std::uint16_t port = ports.next();
  const int taken = open_listener({"127.0.0.1", port}, {});
  const DoctorsConfig config(kPorch, port);
  const Finished finished = config.doctor();
  ::close(taken);
  INFO(finished.out);
  CHECK(finished.code == 69);
  CHECK(verdict_of(finished.out, "ports") == "FAIL");
  CHECK_THAT(finished.out, Contains("process " + std::to_string(::getpid())));
}

TEST_CASE("a daemon that runs is asked; one that is stopped is told, and holds nobody up") {
  FreePorts ports;
  const std::uint16_t port = ports.next();
  const DoctorsConfig config("[[source]]\nname = \"porch\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:" +
                                 std::to_string(ports.next()) + "\"\n",
                             port);
  Child daemon({EARSHOT_EARSHOTD, "--config", config.path.string()});
  for (int i = 0; i < 3'000 && daemon.err().find("publishing on") == std::string::npos; ++i)
    std::this_thread::sleep_for(10ms);
  const Finished running = config.doctor();
  INFO(running.out);
  CHECK(running.code == 0);
  CHECK_THAT(running.out, Contains("porch: starting") &&
                              Contains("earshotd (process " + std::to_string(daemon.pid()) + ')'));

  daemon.send_signal(SIGSTOP);
  const Finished stopped = config.doctor();
  daemon.send_signal(SIGCONT);
  INFO(stopped.out);
  CHECK(stopped.code == 69);
  CHECK_THAT(stopped.out, Contains("kill -CONT " + std::to_string(daemon.pid())));
}

TEST_CASE("a daemon whose stream takes TLS alone is asked by its own certificate and token") {
  FreePorts ports;
  TlsFiles files;
  const TemporaryDirectory directory;
  save_model(small_yamnet(), directory / "model.safetensors");
  const std::string port = std::to_string(ports.next());
  const std::string path =
      directory
          .write("earshot.toml", "[model]\npath = \"model.safetensors\"\n[publish.tcp]\nlisten = \"0.0.0.0:" +
                                     port + "\"\n[[source]]\nname = \"porch\"\nkind = \"tcp\"\nlisten = " +
                                     "\"127.0.0.1:" + std::to_string(ports.next()) + "\"\n" + files.table())
          .string();
  Child daemon({EARSHOT_EARSHOTD, "--config", path});
  for (int i = 0; i < 3'000 && daemon.err().find("publishing on") == std::string::npos; ++i)
    std::this_thread::sleep_for(10ms);
  const Finished asked = run_program({EARSHOT_EARSHOT, "doctor", "--config", path});
  INFO(asked.out);
  CHECK(asked.code == 0);
  CHECK(verdict_of(asked.out, "tls") == "ok");
  CHECK_THAT(asked.out, Contains("porch: starting"));

  std::filesystem::remove(files.directory / "token");
  const Finished unasked = run_program({EARSHOT_EARSHOT, "doctor", "--config", path});
  INFO(unasked.out);
  CHECK_THAT(unasked.out, Contains("cannot be asked without the token") && !Contains("taken by"));

  files.write(kToken);
  const Finished other = run_program({EARSHOT_EARSHOT, "doctor", "--config", path});
  INFO(other.out);
  CHECK(verdict_of(other.out, "ports") == "FAIL");
  CHECK_THAT(other.out, Contains("the daemon has a new one"));
}

TEST_CASE("systemd, the sound server's tool and the journal are asked, and not waited for when they hang") {
  const DoctorsConfig config(kPorch);
  for (const char* name : {"systemctl", "journalctl", "pactl"}) {
    const auto tool = config.directory.write(std::string("bin/") + name, "#!/bin/sh\nsleep 600\n");
    std::filesystem::permissions(tool, std::filesystem::perms(0755));
  }
  const std::vector<std::string> environment{"PATH=" + (config.directory / "bin").string() + ":/usr/bin:/bin",
                                             "PULSE_SERVER=unix:/nowhere"};
  const auto began = std::chrono::steady_clock::now();
  const Finished hung = config.doctor({}, environment);
  INFO(hung.out);
  CHECK(hung.code == 69);
  CHECK_THAT(hung.out, Contains("systemd does not answer") && Contains("PipeWire does not answer"));
  CHECK(std::chrono::steady_clock::now() - began < 60s);

  config.directory.write("bin/pactl", "#!/bin/sh\nexit 1\n");
  config.directory.write("bin/journalctl", "#!/bin/sh\necho 2026 earshotd: error: it hurts\n");
  config.directory.write("bin/systemctl",
                         "#!/bin/sh\nprintf 'LoadState=loaded\\nActiveState=failed\\nResult=exit-code\\n"
                         "ExecMainStatus=66\\nUnitFileState=enabled\\nUser=root\\n"
                         "ExecStart={ argv[]=earshotd --config " +
                             config.path.string() + " ; }\\n'\n");
  const Finished failed = config.doctor({}, environment);
  INFO(failed.out);
  CHECK(failed.code == 69);
  CHECK_THAT(failed.out, Contains("user root, of earshotd.service") && Contains("66: a file is missing") &&
                             Contains("it hurts"));
}

TEST_CASE(
    "a report holds nothing secret of a nasty configuration, is for its owner alone, and overwrites "
    "nothing") {
  TlsFiles files;
  files.directory.write_secret("key.pem", make_certificate({"other"}).key_pem);
  const std::string nasty =
      "[[source]]\nname = \"cam\"\nkind = \"command\"\nformat = \"s16le\"\nrate_hz = 16000\nchannels = 1\n"
      "argv = [\"sh\", \"-c\", \"exec cat "
      "'rtsp://camuser:campassword@camhost.example:554/secretpath-of-cam?k=secretquery'\", "
      "\"-pmysqlstyle\", \"--token\", \"tokenargument\", \"Authorization: Bearer bearervalue\"]\n"
      "[[source]]\nname = \"net\"\nkind = \"tcp\"\nlisten = \"0.0.0.0:" +
      std::to_string(FreePorts().next() + 100) +
      "\"\nallow = [\"192.168.77.0/24\", \"fd12:3456:789a::/48\"]\n"
      "[[source]]\nname = \"file\"\nkind = \"file\"\npath = \"/home/margarethe/secret.wav\"\n"
      "[events]\n[publish.mqtt]\nbroker = \"mqtts://[fd12:3456:789a::9]:8883\"\nuser = \"brokeruser\"\n"
      "password_file = \"/etc/earshot/password\"\n[publish.web]\nlisten = \"127.0.0.1:" +
      std::to_string(FreePorts().next() + 101) + "\"\n" + files.table() +
      "[[action]]\nurl = \"https://hookuser:hookpassword@hooks.example/api/webhook/w3bh00k?k=hookquery\"\n"
      "token_file = \"/etc/earshot/bearer\"\n"
      "[[action]]\ncommand = [\"curl\", \"-H\", \"Authorization: Bearer curlbearer\", "
      "\"https://curlhost.example/curlpath\"]\n";
  const std::vector<std::string> secrets{
      "camuser",       "campassword",  "camhost",       "secretpath", "secretquery", "mysqlstyle",
      "tokenargument", "bearervalue",  "192.168.77",    "fd12:3456",  "margarethe",  "brokeruser",
      "hookuser",      "hookpassword", "hooks.example", "w3bh00k",    "hookquery",   "curlbearer",
      "curlhost",      "curlpath",     "789a",          kToken};
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  const DoctorsConfig config(nasty);
  for (const std::string& more : {std::string(), std::string("[gaet]\npassword = \"inabrokenone\"\n")}) {
    INFO(more);
    config.directory.write("nasty.toml", "[model]\npath = \"model.safetensors\"\n" + nasty + more);
    const auto report = config.directory / ("report" + std::to_string(more.size()));
    const Finished finished =
        run_program({EARSHOT_EARSHOT, "doctor", "--config", (config.directory / "nasty.toml").string(),
                     "--bundle", report.string()});
    CHECK(finished.code == 78);
    CHECK_THAT(finished.out, Contains(report.string() + ": a report; read it before you send it"));
    std::ifstream file(report);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    CHECK_THAT(text, Contains("READ IT BEFORE") && Contains("## Configuration") && Contains("config"));
    for (const std::string& secret : secrets) CHECK_THAT(text, !Contains(secret));
    CHECK_THAT(text, !Contains("inabrokenone"));
    if (more.empty()) {
      CHECK_THAT(text, Contains("\"/etc/earshot/password\"") && Contains("\"/etc/earshot/bearer\""));
      CHECK(verdict_of(text, "broker") == "FAIL");
      CHECK(verdict_of(text, "tls") == "FAIL");
    }
    if (std::string(host).size() > 3 && std::string(host) != "localhost") CHECK_THAT(text, !Contains(host));
    CHECK(std::filesystem::status(report).permissions() == std::filesystem::perms(0600));
  }
  config.directory.write("there", "mine");
  const Finished refused = config.doctor({"--bundle", (config.directory / "there").string()});
  CHECK(refused.code == 64);
  CHECK_THAT(refused.err, Contains("--bundle") && Contains("expected a new file"));
  const Finished nowhere = config.doctor({"--bundle", (config.directory / "none/report").string()});
  CHECK(nowhere.code == 74);
  CHECK(nowhere.out.empty());
  std::ifstream untouched(config.directory / "there");
  CHECK(std::string(std::istreambuf_iterator<char>(untouched), {}) == "mine");
}

}  // namespace earshot::test
