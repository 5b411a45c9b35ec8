// The real earshotd told to read its configuration again: what changes, and what hears on without a hole.
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/Daemon.h"
#include "tests/daemon/ReloadReader.h"
#include "tests/daemon/Speaker.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using boost::json::object;

Model small_model_of(std::vector<std::string> labels) {
  Model model = small_yamnet();
  model.labels = std::move(labels);
  return model;
}

/// Of which nothing is ever skipped or missing, however busy the machine is: what is lost is lost by the daemon.
std::string patient_source(const std::string& name, int rate_hz) {
  return live_source(name, rate_hz) + "pace = \"fast\"\n";
}

}  // namespace

TEST_CASE(
    "what a reload does not concern hears on without a hole, by another hop, gate and model from a window "
    "on") {
  const std::string porch = patient_source("porch", 16'000);
  Daemon daemon(porch + live_source("barn", 44'100), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  Talk talk(daemon, "porch", 16'000);
  const object before = reader.next_prediction("porch");
  CHECK(before.at("scores").as_object().contains("thunder"));

  daemon.reload(
      "[window]\nhop_s = 0.3\n[gate]\nlevel_dbfs = -100.0\n" + porch +
          "[[source]]\nname = \"loop\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nmax_senders = 3\n",
      small_model_of({"owl", "fox", "hen"}));
  const object hello = reader.next("hello");
  CHECK(hello.at("labels") == boost::json::parse(R"(["owl","fox","hen"])"));
  CHECK(hello.at("hop_samples") == 4'800);
  CHECK(reader.next_state("barn", "ended").at("detail") == "ended by a reload");
  object after = reader.next_prediction("porch");
  while (!after.at("scores").as_object().contains("owl")) after = reader.next_prediction("porch");
  const object following = reader.next_prediction("porch");
  CHECK(following.at("start_sample").to_number<int>() - after.at("start_sample").to_number<int>() == 4'800);

  daemon.reload();  // nothing has changed
  reader.next_prediction("porch");
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  reader.read_to_the_end();
  CHECK(reader.check().problems() == "");
  const BookTotals& totals = reader.check().totals("porch");
  CHECK(totals.gaps == 0);
  CHECK(totals.samples() == totals.position);
  CHECK(daemon.child().err().find("nothing has changed") != std::string::npos);
}

TEST_CASE(
    "sources that a reload brings begin, what it changes goes on after a gap, what it takes is gone from "
    "hello") {
  Daemon daemon(live_source("porch", 16'000), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  {
    Talk talk(daemon, "porch", 16'000);
    for (int i = 0; i < 3; ++i) reader.next_prediction("porch");
  }
  daemon.reload(live_source("porch", 8'000) + live_source("barn", 44'100), small_yamnet());
  CHECK(names_of(reader.next("hello")) == std::vector<std::string>{"porch", "barn"});
  const object down = reader.next([](const object& message) {
    return message.contains("detail") && message.at("detail") == "its configuration has changed";
  });
  CHECK(down.at("state") == "down");
  {
    Talk barn(daemon, "barn", 44'100);
    reader.next_prediction("barn");
  }
  const std::string log = daemon.child().err();
  const std::string listening = "source 'porch' starting: listening on 127.0.0.1:";
  const auto port =
      static_cast<std::uint16_t>(std::stoi(log.substr(log.rfind(listening) + listening.size())));
  {
    Speaker again(StreamClient(port), 8'000);
    again.speak(2'500ms);
  }
  reader.next([](const object& message) {
    return message.at("type").as_string() == "gap" && message.at("source").as_string() == "porch";
  });
  CHECK(reader.next_prediction("porch").at("start_sample").to_number<std::uint64_t>() >
        down.at("end_sample").to_number<std::uint64_t>());

  daemon.reload(live_source("barn", 44'100), small_yamnet());
  reader.next("hello");
  reader.next_state("porch", "ended");
  StreamClient newcomer = daemon.connect();
  CHECK(names_of(newcomer.message("hello")) == std::vector<std::string>{"barn"});
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  reader.read_to_the_end();
  CHECK(reader.check().problems() == "");
}

TEST_CASE("a bad file, model or address is refused with its reason, and the daemon goes on as before") {
  const std::string porch = patient_source("porch", 16'000);
  Daemon daemon(porch, {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  Talk talk(daemon, "porch", 16'000);
  reader.next_prediction("porch");

  daemon.directory().write("model.safetensors", "no model");
  daemon.reload();
  daemon.await_log("model.safetensors: ");

  daemon.reload("[window]\nhop_s = \"soon\"\n" + porch, small_yamnet());
  daemon.await_log("not reloaded, going on as before: ");
  CHECK(daemon.child().err().find("earshot.toml:6: key 'window.hop_s'") != std::string::npos);

  const TemporaryDirectory directory;
  daemon.reload(porch + "[[source]]\nname = \"tape\"\nkind = \"file\"\npath = \"" +
                    (directory / "no.wav").string() + "\"\n",
                small_yamnet());
  daemon.await_log("no.wav");

  const StreamClient other = daemon.connect();  // whose port is taken
  const std::string taken = std::to_string(daemon.sender_port("porch"));
  daemon.reload(porch + "[[source]]\nname = \"barn\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:" + taken + "\"\n",
                small_yamnet());
  daemon.await_log("127.0.0.1:" + taken + ": Address already in use");

  reader.next_prediction("porch");
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  reader.read_to_the_end();
  CHECK(reader.check().problems() == "");
  CHECK(reader.check().totals("porch").gaps == 0);
}

TEST_CASE("what becomes of a source that a reload does not concern is no reason to refuse it") {
  const TemporaryDirectory directory;
  write_wav(directory / "tape.wav", sine(440, 16'000, 160'000), 16'000);
  const std::string tape = "[[source]]\nname = \"tape\"\nkind = \"file\"\nat_end = \"loop\"\npath = \"" +
                           (directory / "tape.wav").string() + "\"\n";
  Daemon daemon(tape, {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  std::filesystem::remove(directory / "tape.wav");
  daemon.reload(tape + live_source("porch", 16'000), small_yamnet());
  CHECK(names_of(reader.next("hello")) == std::vector<std::string>{"tape", "porch"});
}

TEST_CASE("addresses and the log's level change with a reload; who is connected stays") {
  const std::string porch = live_source("porch", 16'000);
  Daemon daemon(porch, {}, "/dev/null", small_yamnet());
  StreamClient before = daemon.connect();
  before.message("hello");
  const std::string path = (daemon.directory() / "earshot.sock").string();
  const auto publish_on = [&](const std::string& addresses) {
    daemon.directory().write("earshot.toml", "[model]\npath = \"model.safetensors\"\n[publish.tcp]\nlisten = " + addresses +
                                                 "\n[log]\nlevel = \"debug\"\n" + porch);
    daemon.reload();
  };
  publish_on("[\"127.0.0.1:0\", \"unix:" + path + "\"]");
  before.message("hello");
  StreamClient by_path{UnixPath{path}};
  by_path.message("hello");
  daemon.connect().message("hello");  // by the address that it has had all the time
  daemon.await_log("debug client ");

  publish_on("\"unix:" + path + "\"");
  before.message("hello");
  by_path.message("hello");
  CHECK_THROWS(daemon.connect());
  StreamClient{UnixPath{path}}.message("hello");
  publish_on("\"127.0.0.1:0\"");
  by_path.message("hello");
  CHECK_FALSE(std::filesystem::exists(path));
  const std::string log = daemon.child().err();
  const std::string publishing = "publishing on 127.0.0.1:";
  const auto port = static_cast<std::uint16_t>(std::stoi(log.substr(log.rfind(publishing) + publishing.size())));
  StreamClient(port).message("hello");
}

TEST_CASE("a model of another rate begins a new instance, for those who are connected, too") {
  Daemon daemon(patient_source("porch", 16'000), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  {
    Talk talk(daemon, "porch", 16'000);
    reader.next_prediction("porch");
  }
  const std::string before(daemon.connect().message("hello").at("instance").as_string());
  daemon.reload(patient_source("porch", 16'000) + patient_source("barn", 16'000), untrained_model());
  reader.next_state("porch", "ended");
  const object hello = reader.next("hello");
  CHECK(hello.at("instance").as_string() != before);
  CHECK(hello.at("rate_hz") == 44'100);
  CHECK(hello.at("next_seq") == 1);
  CHECK(names_of(hello) == std::vector<std::string>{"porch", "barn"});
  {
    Talk talk(daemon, "barn", 16'000);
    CHECK(reader.next_prediction("barn").at("start_sample") == 0);
  }
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  reader.read_to_the_end();
  CHECK(reader.check().problems() == "");
}

TEST_CASE("senders that name themselves hear on through a reload that does not concern their listener") {
  const std::string many =
      "[[source]]\nname = \"many\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\nmax_senders = 3\nformat = "
      "\"f32le\"\npace = \"fast\"\n";
  Daemon daemon(many, {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  StreamClient socket = daemon.connect_sender("many");
  socket.send("{\"source\":\"barn-7\"}\n");
  std::jthread talk([speaker = Speaker(std::move(socket), 16'000)](std::stop_token stop) mutable {
    while (!stop.stop_requested()) speaker.speak(50ms);
  });
  reader.next_prediction("barn-7");
  daemon.reload(many + live_source("porch", 16'000), small_model_of({"owl", "fox", "hen"}));
  object after = reader.next_prediction("barn-7");
  while (!after.at("scores").as_object().contains("owl")) after = reader.next_prediction("barn-7");
  daemon.reload(many + live_source("barn-7", 16'000), small_yamnet());
  daemon.await_log("found a sender that calls itself so");
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  reader.read_to_the_end();
  CHECK(reader.check().problems() == "");
  CHECK(reader.check().totals("barn-7").gaps == 0);
}

TEST_CASE("earshotd --reload tells the one that runs by the file, and refuses a bad file itself") {
  Daemon daemon(live_source("porch", 16'000), {}, "/dev/null", small_yamnet());
  const std::string file = (daemon.directory() / "earshot.toml").string();
  StreamClient client = daemon.connect();
  client.message("hello");
  daemon.directory().write("earshot.toml",
                           "[model]\npath = \"model.safetensors\"\n[publish.tcp]\nlisten = "
                           "\"127.0.0.1:0\"\n[window]\nhop_s = 0.3\n" +
                               live_source("porch", 16'000));
  const Finished told = run_program({EARSHOT_EARSHOTD, "--reload", "--config", file});
  CHECK(told.err == "");
  CHECK(told.code == 0);
  CHECK(client.message("hello").at("hop_samples") == 4'800);

  daemon.directory().write("earshot.toml", "[window]\nhop = 0.3\n");
  const Finished refused = run_program({EARSHOT_EARSHOTD, "--reload", "--config", file});
  CHECK(refused.code == 78);
  CHECK(refused.err.find("earshot.toml:2: ") != std::string::npos);

  const TemporaryDirectory directory;
  const std::string other =
      directory
          .write("other.toml", "[model]\npath = \"" + (daemon.directory() / "model.safetensors").string() +
                                   "\"\n" + live_source("porch", 16'000))
          .string();
  const Finished nobody = run_program({EARSHOT_EARSHOTD, "--reload", "--config", other});
  CHECK(nobody.code == 69);
  CHECK(nobody.err == "earshotd: found no earshotd that runs by " + other +
                          ", expected one; of the service: systemctl reload earshotd\n");
}

}  // namespace earshot::test
