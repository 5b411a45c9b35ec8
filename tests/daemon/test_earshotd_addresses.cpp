// The real earshotd whose sources and listeners move by a reload: addresses taken over from each other,
// sources that wait for one another, senders that come back.
#include <chrono>
#include <csignal>
#include <set>
#include <string>
#include <thread>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/Daemon.h"
#include "tests/daemon/FreePorts.h"
#include "tests/daemon/ReloadReader.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr int kSpokenRateHz = 16'000;

std::string moving_source(const std::string& name, const std::string& listen, const std::string& keys = {}) {
  return "[[source]]\nname = \"" + name + "\"\nkind = \"tcp\"\nlisten = \"" + listen +
         "\"\nformat = \"f32le\"\npace = \"fast\"\n" + keys;
}

std::string local(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

/// Connected to a source's port; waits until it listens.
StreamClient sender_to(std::uint16_t port) {
  for (int tries = 0;; ++tries) {
    try {
      return StreamClient(port);
    } catch (const std::exception&) {
      if (tries == 500) throw;
      std::this_thread::sleep_for(10ms);
    }
  }
}

/// One that names itself.
StreamClient named_sender(std::uint16_t port, const std::string& name) {
  StreamClient sender = sender_to(port);
  sender.send("{\"source\":\"" + name + "\"}\n");
  return sender;
}

std::uint64_t number_of(const object& message, const char* key) {
  return message.at(key).to_number<std::uint64_t>();
}

/// What a sender to `port` says is the source's.
void hear_from(ReloadReader& reader, std::uint16_t port, const std::string& source) {
  const Talk talk(sender_to(port), kSpokenRateHz);
  reader.next_prediction(source);
}

void end_well(Daemon& daemon, ReloadReader& reader) {
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  reader.read_to_the_end();
  CHECK(reader.check().problems() == "");
}

/// A command that takes its time to end: it heeds no SIGTERM.
std::string deaf_command(const std::string& name) {
  return "[[source]]\nname = \"" + name +
         "\"\nkind = \"command\"\nargv = [\"/bin/sh\", \"-c\", \"trap '' TERM; while :; do sleep 0.05; "
         "done\"]\n";
}

std::string file_source(const std::string& name, const std::filesystem::path& path) {
  return "[[source]]\nname = \"" + name + "\"\nkind = \"file\"\nat_end = \"loop\"\npath = \"" +
         path.string() + "\"\n";
}

}  // namespace

TEST_CASE("senders come back to a listener that a reload has changed, on their timelines") {
  FreePorts ports;
  const std::uint16_t port = ports.next();
  const auto listener = [&](const std::string& keys) {
    return moving_source("barns", local(port), "max_senders = 3\n" + keys);
  };
  Daemon daemon(listener(""), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  {
    Talk talk(named_sender(port, "barn-7"), kSpokenRateHz);
    reader.next_prediction("barn-7");
    daemon.reload(listener("idle_s = 5\n"), small_yamnet());
    const object down = reader.next_state("barn-7", "down");
    CHECK(down.at("detail").as_string() == "its configuration has changed");
  }
  const std::uint64_t before = reader.check().sources().at("barn-7").totals().samples();
  Talk talk(named_sender(port, "barn-7"), kSpokenRateHz);
  CHECK(number_of(reader.next_prediction("barn-7"), "start_sample") >= before);

  daemon.reload(listener("idle_s = 6\n"), small_yamnet());
  reader.next_state("barn-7", "down");
  daemon.reload(moving_source("barn-7", local(port)), small_yamnet());
  const object ended = reader.next_state("barn-7", "ended");
  CHECK(ended.at("detail").as_string() == "ended by a reload");
  Talk alone(sender_to(port), kSpokenRateHz);
  CHECK(number_of(reader.next_prediction("barn-7"), "start_sample") == 0);
}

TEST_CASE("a source under another name takes the port of the one that goes") {
  FreePorts ports;
  const std::uint16_t port = ports.next();
  Daemon daemon(moving_source("porch", local(port)), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  daemon.reload(moving_source("barn", local(port)), small_yamnet());
  reader.next_state("porch", "ended");
  reader.next_state("barn", "starting");
  hear_from(reader, port, "barn");
  end_well(daemon, reader);
}

TEST_CASE("a source opens its port to a network by a reload") {
  FreePorts ports;
  const std::uint16_t port = ports.next();
  Daemon daemon(moving_source("porch", local(port)), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  daemon.reload(moving_source("porch", "0.0.0.0:" + std::to_string(port), "allow = [\"192.0.2.0/24\"]\n"),
                small_yamnet());
  daemon.await_log("listening on 0.0.0.0:" + std::to_string(port));
  hear_from(reader, port, "porch");
  end_well(daemon, reader);
}

TEST_CASE("sources exchange their ports by a reload") {
  FreePorts ports;
  const std::uint16_t left = ports.next();
  const std::uint16_t right = ports.next();
  const auto sources = [](std::uint16_t porch, std::uint16_t barn) {
    return moving_source("porch", local(porch)) + moving_source("barn", local(barn));
  };
  Daemon daemon(sources(left, right), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  reader.next_state("porch", "starting");
  daemon.reload(sources(right, left), small_yamnet());
  std::set<std::string> awaited{"porch listening on " + local(right), "barn listening on " + local(left)};
  reader.next([&](const object& message) {  // whichever comes first
    if (message.at("type").as_string() == "source") {
      awaited.erase(std::string(message.at("source").as_string()) + ' ' +
                    std::string(message.at("detail").as_string()));
    }
    return awaited.empty();
  });
  hear_from(reader, left, "barn");
  end_well(daemon, reader);
}

TEST_CASE("the stream moves to an address that collides with its own, and stays where that cannot be had") {
  FreePorts ports;
  const std::uint16_t port = ports.next();
  const std::uint16_t taken = ports.next();
  Daemon daemon(moving_source("porch", "127.0.0.1:0"), {}, "/dev/null", small_yamnet());
  const auto publish_on = [&](const std::string& keys) {
    daemon.directory().write("earshot.toml", "[model]\npath = \"model.safetensors\"\n[publish.tcp]\n" + keys +
                                                 '\n' + moving_source("porch", "127.0.0.1:0"));
    daemon.reload();
  };
  publish_on("listen = \"" + local(port) + '"');
  StreamClient(port).message("hello");
  publish_on("listen = \"0.0.0.0:" + std::to_string(port) + "\"\nallow = [\"192.0.2.0/24\"]");
  daemon.await_log("publishing on 0.0.0.0:" + std::to_string(port));
  StreamClient(port).message("hello");

  Daemon other(moving_source("porch", local(taken)), {}, "/dev/null", small_yamnet());
  publish_on("listen = [\"" + local(port) + "\", \"" + local(taken) + "\"]");
  daemon.await_log("not reloaded, going on as before: ");
  CHECK(StreamClient(port).message("hello").at("instance").is_string());
}

TEST_CASE("an address that is taken is refused before a model of another rate ends what is heard") {
  FreePorts ports;
  const std::uint16_t taken = ports.next();
  const Daemon other(moving_source("porch", local(taken)), {}, "/dev/null", small_yamnet());
  Daemon daemon(moving_source("porch", "127.0.0.1:0"), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  Talk talk(daemon, "porch", kSpokenRateHz);
  reader.next_prediction("porch");
  save_model(untrained_model(), daemon.directory() / "model.safetensors");
  daemon.directory().write(
      "earshot.toml", "[model]\npath = \"model.safetensors\"\n[publish.tcp]\nlisten = \"" + local(taken) +
                          "\"\n" + moving_source("porch", "127.0.0.1:0"));
  daemon.reload();
  daemon.await_log("not reloaded, going on as before: ");
  CHECK(daemon.child().err().find(" source 'porch' ended") == std::string::npos);
  reader.next_prediction("porch");
}

TEST_CASE("a source that is on its way to another configuration can be removed") {
  Daemon daemon(deaf_command("camera") + live_source("porch", 16'000), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  reader.next_state("camera", "starting");
  daemon.reload(deaf_command("camera") + "rate_hz = 8000\n" + live_source("porch", 16'000), small_yamnet());
  daemon.reload(live_source("porch", 16'000), small_yamnet());
  reader.next_state("camera", "ended");
  daemon.reload(live_source("porch", 16'000) + live_source("barn", 16'000), small_yamnet());
  CHECK(names_of(daemon.connect().message("hello")) == std::vector<std::string>{"porch", "barn"});
  end_well(daemon, reader);
}

TEST_CASE("a source that cannot start after a reload is down, and is tried again") {
  const TemporaryDirectory directory;
  const std::filesystem::path tape = directory / "tape.wav";
  write_wav(tape, sine(440, kSpokenRateHz, 160'000), kSpokenRateHz);
  Daemon daemon(deaf_command("camera") + live_source("porch", 16'000), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  reader.next_state("camera", "starting");
  daemon.reload(file_source("camera", tape) + live_source("porch", 16'000), small_yamnet());
  std::filesystem::remove(tape);
  const object down = reader.next([](const object& message) {
    return message.at("type").as_string() == "source" && message.at("state").as_string() == "down" &&
           message.at("detail").as_string().find("tape.wav") != std::string_view::npos;
  });
  CHECK(down.at("source").as_string() == "camera");
  write_wav(tape, sine(440, kSpokenRateHz, 160'000), kSpokenRateHz);
  reader.next_state("camera", "up");
  reader.next_prediction("camera");
  end_well(daemon, reader);
}

TEST_CASE("hello tells what a source was until it has ended") {
  Daemon daemon(deaf_command("camera") + live_source("porch", 16'000), {}, "/dev/null", small_yamnet());
  ReloadReader reader(daemon);
  reader.next_state("camera", "starting");
  daemon.reload(live_source("porch", 16'000), small_yamnet());
  const object hello = reader.next("hello");
  for (const auto& each : hello.at("sources").as_array()) {
    if (each.at("name").as_string() == "camera") CHECK(each.at("kind").as_string() == "command");
  }
  reader.next_state("camera", "ended");
}

}  // namespace earshot::test
