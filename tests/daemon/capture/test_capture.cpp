// Real capture: the real earshotd records through PortAudio, ALSA and PulseAudio what another program plays.
#include <cmath>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/Daemon.h"
#include "tests/daemon/PulseServer.h"
#include "tests/support/Skip.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

namespace json = boost::json;

constexpr const char* kMicrophone = "[[source]]\nname = \"mic\"\nkind = \"microphone\"\n";
constexpr double kToneDbfs = -9.03;  // a sine of half of full scale

bool can_capture() {
  if (PulseServer::is_installed()) return true;
  skip("pulseaudio and paplay are not installed");
  return false;
}

std::uint64_t number(const json::object& message, std::string_view field) {
  return message.at(field).to_number<std::uint64_t>();
}

json::object source_state(StreamClient& client, std::string_view state) {
  for (;;) {
    json::object change = client.message("source");
    if (change.at("state").as_string() == state) return change;
  }
}

}  // namespace

TEST_CASE("a microphone hears what is played: its level, window after window without a hole") {
  if (!can_capture()) return;
  const TemporaryDirectory directory;
  write_wav(directory / "tone.wav", sine(1'000, 44'100, 44'100 * 20), 44'100);
  PulseServer server;
  server.start();
  Daemon daemon(kMicrophone, server.environment());
  StreamClient client = daemon.subscribe();
  source_state(client, "up");
  const auto player = server.play(directory / "tone.wav");
  std::uint64_t next = 0;
  for (int loud = 0; loud < 4;) {
    const json::object message = client.message();
    REQUIRE(message.at("type").as_string() != "gap");
    if (message.at("type").as_string() != "prediction") continue;
    CHECK(number(message, "start_sample") == next);
    next += 22'016;
    const double level = message.at("level_dbfs").to_number<double>();
    const bool gated = message.at("gated").as_bool();
    CHECK(gated == (level < -60.0));
    REQUIRE(next < 44'100 * 20);  // it has not been heard by the time it ends
    if (std::abs(level - kToneDbfs) < 0.1) ++loud;
  }
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
}

TEST_CASE(
    "a device that is unplugged and comes back: down, a gap by the clock, up, and the timeline goes on") {
  if (!can_capture()) return;
  PulseServer server;
  Daemon daemon(kMicrophone, server.environment());
  StreamClient client = daemon.subscribe();
  CHECK(number(source_state(client, "down"), "end_sample") == 0);  // there is none at the start

  server.start();
  json::object gap = client.message("gap");
  CHECK(gap.at("reason").as_string() == "device");
  CHECK(number(gap, "start_sample") == 0);
  source_state(client, "up");
  CHECK(number(client.message("prediction"), "start_sample") == number(gap, "samples"));

  server.stop();
  const auto unplugged = std::chrono::steady_clock::now();
  const std::uint64_t end = number(source_state(client, "down"), "end_sample");
  server.start();
  gap = client.message("gap");
  const std::chrono::duration<double> away = std::chrono::steady_clock::now() - unplugged;
  CHECK(gap.at("reason").as_string() == "device");
  CHECK(number(gap, "start_sample") == end);
  CHECK(static_cast<double>(number(gap, "samples")) / 44'100 == Approx(away.count()).margin(1.0));
  source_state(client, "up");
  CHECK(number(client.message("prediction"), "start_sample") == end + number(gap, "samples"));
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
}

TEST_CASE("a source that is named is heard or none: when it goes away, no other one takes its place") {
  if (!can_capture()) return;
  const TemporaryDirectory directory;
  write_wav(directory / "tone.wav", sine(1'000, 44'100, 44'100 * 60), 44'100);
  PulseServer server("module-null-sink sink_name=other");
  server.start();
  const auto player = std::make_unique<Child>(
      std::vector<std::string>{"/usr/bin/paplay", "--device=other", (directory / "tone.wav").string()},
      server.environment());
  const auto hears_nothing_until = [](StreamClient& client, std::string_view state) {
    for (;;) {
      const json::object message = client.message();
      const std::string_view type = message.at("type").as_string();
      if (type == "source" && message.at("state").as_string() == state) return message;
      if (type == "prediction") REQUIRE(message.at("gated").as_bool());  // what plays is the other's
    }
  };
  Daemon daemon(std::string(kMicrophone) + "device = \"left.monitor\"\n", server.environment());
  StreamClient client = daemon.subscribe();
  hears_nothing_until(client, "down");  // at the start there is only the other one
  for (int time = 0; time < 2; ++time) {
    const std::string left = server.plug("module-null-sink sink_name=left");
    hears_nothing_until(client, "up");
    CHECK(client.message("prediction").at("gated").as_bool());
    server.unplug(left);
    hears_nothing_until(client, "down");
  }
}

TEST_CASE("a frozen sound server holds up neither READY, nor other sources, nor the end") {
  if (!can_capture()) return;
  const TemporaryDirectory directory;
  write_wav(directory / "tone.wav", sine(1'000, 44'100, 44'100 * 6), 44'100);
  PulseServer server;
  server.start();
  server.freeze();
  Daemon daemon(std::string(kMicrophone) +
                    "[[source]]\nname = \"second\"\nkind = \"microphone\"\n"
                    "[[source]]\nname = \"tone\"\nkind = \"file\"\npace = \"fast\"\npath = \"" +
                    (directory / "tone.wav").string() + "\"\n",
                server.environment());
  CHECK(daemon.ready_after() < 5s);  // PortAudio waits for that server much longer, or for ever
  StreamClient client = daemon.subscribe();
  CHECK(client.message("prediction").at("source").as_string() == "tone");
  const json::object down = source_state(client, "down");
  INFO(down);
  CHECK(down.at("detail").as_string().ends_with("its driver does not answer"));
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait(10s) == 0);
}

TEST_CASE("a microphone whose sound server is back is heard though another one's hangs") {
  if (!can_capture()) return;
  PulseServer hung;
  PulseServer restarted;
  const TemporaryDirectory directory;
  std::string alsa = "</usr/share/alsa/alsa.conf>\n";
  for (const auto& [name, server] : {std::pair("hung", &hung), std::pair("restarted", &restarted)}) {
    const std::string where = " { type pulse server \"unix:" + server->socket().string() + "\" }\n";
    alsa += std::string("pcm.mic_") + name + where + "ctl.mic_" + name + where;
    server->start();
  }
  std::vector<std::string> environment{"ALSA_CONFIG_PATH=" + directory.write("asound.conf", alsa).string()};
  for (std::string& variable : hung.environment()) environment.push_back(std::move(variable));
  Daemon daemon(
      "[[source]]\nname = \"hung\"\nkind = \"microphone\"\ndevice = \"mic_hung\"\n"
      "[[source]]\nname = \"restarted\"\nkind = \"microphone\"\ndevice = \"mic_restarted\"\n",
      environment);
  StreamClient client = daemon.subscribe();
  source_state(client, "up");
  source_state(client, "up");
  hung.freeze();
  CHECK(source_state(client, "down").at("source").as_string() == "hung");
  restarted.stop();
  CHECK(source_state(client, "down").at("source").as_string() == "restarted");
  restarted.start();
  CHECK(source_state(client, "up").at("source").as_string() == "restarted");
  hung.thaw();
  CHECK(source_state(client, "up").at("source").as_string() == "hung");
}

}  // namespace earshot::test
