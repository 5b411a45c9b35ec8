// Events of the real earshotd and of classify: always an end, and before what ended them; one detector for both.
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "dsp/base/KeyedRandom.h"
#include "tests/daemon/Daemon.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

/// By these the untrained model's highest score is an event.
std::string any_label_is_an_event() {
  std::string text = "[events]\non_windows = 1\n[events.threshold]\n";
  for (const std::string& label : untrained_model().labels) text += label + " = 0.01\n";
  return text;
}

std::vector<float> hum(double seconds) {
  std::vector<float> result = sine(700, 16'000, static_cast<std::size_t>(seconds * 16'000));
  KeyedRandom random(5);
  for (float& sample : result) sample += 0.1F * static_cast<float>(random.uniform(-1.0, 1.0));
  return result;
}

constexpr const char* kNet =
    "[[source]]\nname = \"net\"\nkind = \"tcp\"\npace = \"fast\"\nlisten = \"127.0.0.1:0\"\nformat = \"f32le\"\nrate_hz = 16000\n";

void send_hum(StreamClient& sender, double seconds) {
  const std::vector<float> samples = hum(seconds);
  sender.send({reinterpret_cast<const char*>(samples.data()), samples.size() * sizeof(float)});
}

/// What follows the first event's start until `state` of the source: "+" and "-" and the state.
std::string story_until(StreamClient& client, std::string_view state) {
  std::string story;
  for (;;) {
    const json::object message = client.message();
    if (message.at("type").as_string() == "event") story += message.at("phase").as_string() == "start" ? '+' : '-';
    if (message.at("type").as_string() != "source" || message.at("state").as_string() != state) continue;
    return story + std::string(state);
  }
}

/// Of an event what the same sound gives again.
std::string lasting_of(json::object event) {
  for (const char* passing : {"seq", "source", "time"}) event.erase(passing);
  const std::string id(event.at("event_id").as_string());
  event["event_id"] = id.substr(id.find('-'));
  return json::serialize(event);
}

}  // namespace

TEST_CASE("SIGTERM ends what runs before the source's end is told") {
  Daemon daemon(std::string(kNet) + any_label_is_an_event());
  StreamClient client = daemon.connect();
  const std::string instance(client.message("hello").at("instance").as_string());
  client.send("{\"type\":\"subscribe\",\"types\":[\"event\",\"source\"],\"from_seq\":1}\n");
  StreamClient sender = daemon.connect_sender("net");
  send_hum(sender, 6.0);
  const json::object start = client.message("event");
  CHECK(start.at("phase").as_string() == "start");
  CHECK(start.at("event_id").as_string() == instance + "-1");
  CHECK(start.at("seq").to_number<std::uint64_t>() > 1);
  daemon.child().send_signal(SIGTERM);
  const json::object end = client.message("event");
  CHECK(end.at("phase").as_string() == "end");
  CHECK(end.at("event_id") == start.at("event_id"));
  CHECK(end.at("why").as_object().at("rule").as_string() == "source");
  CHECK(end.at("end_sample").to_number<std::uint64_t>() >= 220'500);
  CHECK(story_until(client, "ended") == "ended");
  CHECK(daemon.child().wait() == 0);
}

TEST_CASE("a sender that leaves ends what runs before the source is down, and the next one begins anew") {
  Daemon daemon(std::string(kNet) + any_label_is_an_event());
  StreamClient client = daemon.subscribe();
  for (int i = 0; i < 2; ++i) {
    StreamClient sender = daemon.connect_sender("net");
    send_hum(sender, 5.2);
    sender.close_sending();
    CHECK(story_until(client, "down") == "+-down");
  }
}

TEST_CASE("classify --events prints the very events of a daemon that hears the file, and a line each for people") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "earshot");
  save_model(untrained_model(), directory / "earshot" / "model.safetensors");
  write_wav(directory / "hum.wav", hum(8.0), 16'000);
  const std::string file = (directory / "hum.wav").string();
  directory.write("earshot/earshot.toml", "[model]\npath = \"model.safetensors\"\n" + std::string(kNet) +
                                              any_label_is_an_event());
  const std::vector<std::string> home{"XDG_CONFIG_HOME=" + directory.path().string()};
  const Finished classified = run_program({EARSHOT_EARSHOT, "classify", "--events", "--json", file}, home);
  CHECK(classified.code == 0);
  CHECK(classified.err.empty());
  std::vector<std::string> expected;
  std::istringstream lines(classified.out);
  for (std::string line; std::getline(lines, line);) {
    const json::object message = json::parse(line).as_object();
    CHECK(message.at("type").as_string() == "event");
    CHECK(message.at("source").as_string() == file);
    expected.push_back(lasting_of(message));
  }
  REQUIRE(expected.size() >= 2);

  Daemon daemon(std::string(kNet) + "[[source]]\nname = \"f\"\nkind = \"file\"\npace = \"fast\"\npath = \"" + file +
                "\"\n" + any_label_is_an_event() + "[gate]\nlevel_dbfs = -120.0\n");
  StreamClient client = daemon.subscribe();
  for (const std::string& each : expected) CHECK(lasting_of(client.message("event")) == each);

  const Finished told = run_program({EARSHOT_EARSHOT, "classify", "--events", file}, home);
  CHECK(2 * std::ranges::count(told.out, '\n') == static_cast<std::ptrdiff_t>(expected.size()));
  CHECK_THAT(told.out, Catch::Matchers::StartsWith(file + "  0:00:00.0"));
  // Of a model that is named, the usual rules: nothing is at a half.
  const std::string model = (directory / "earshot" / "model.safetensors").string();
  CHECK(run_program({EARSHOT_EARSHOT, "classify", "--events", "--model", model, file}, home).out.empty());
}

TEST_CASE("a daemon and check-config refuse rules of events that its model cannot keep") {
  const TemporaryDirectory directory;
  save_model(untrained_model(), directory / "model.safetensors");
  const std::string config =
      directory
          .write("earshot.toml", "[model]\npath = \"model.safetensors\"\n[publish.tcp]\nlisten = \"127.0.0.1:0\"\n" +
                                     std::string(kNet) + "[events]\nignore = [\"sevn\"]\n")
          .string();
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {EARSHOT_EARSHOTD, "--config", config}, {EARSHOT_EARSHOTD, "--config", config, "--check-config"}}) {
    const Finished finished = run_program(arguments);
    CHECK(finished.code == 78);
    CHECK_THAT(finished.err, Catch::Matchers::Contains(
                                 "earshot.toml:13: key 'events.ignore': found \"sevn\", which is none of the model's "
                                 "10 labels, expected one of them; nearest are \"seven\""));
  }
}

}  // namespace earshot::test
