// TcpSource: who is up and who merely connects, what is said of those who send the wrong thing or nothing.
#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "daemon/capture/TcpSource.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/SourceRig.h"
#include "tests/daemon/StreamClient.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;


// A source that listens, on a thread of its own.
class Listening {
 public:
  explicit Listening(const TcpSettings& tcp, std::function<void(const Message&)> on_message = nullptr)
      : rig(kShortHop) {
    rig.sink.on_message = std::move(on_message);
    source_.emplace(SourceSettings{.name = "net", .channel = {}, .gain_db = 0.0, .level_dbfs = {}, .kind = tcp},
                    tcp, rig.context);
    thread_ = std::jthread([this](std::stop_token) { source_->run(stop.get_token()); });
  }
  ~Listening() { stop.request_stop(); }

  StreamClient connect() const {
    const std::string text = rig.sink.await<SourceChange>(1).at(0).detail;
    return StreamClient(static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1))));
  }
  std::size_t count(SourceState state) const {
    const std::vector<SourceChange> changes = rig.sink.all<SourceChange>();
    return static_cast<std::size_t>(std::count_if(
        changes.begin(), changes.end(), [&](const SourceChange& change) { return change.state == state; }));
  }
  void wait() { thread_.join(); }

  std::stop_source stop;
  SourceRig rig;

 private:
  std::optional<TcpSource> source_;
  std::jthread thread_;
};

TcpSettings settings(std::chrono::milliseconds idle = 10s) {
  TcpSettings tcp;
  tcp.listen = {"127.0.0.1", 0};
  tcp.pace = Pace::fast;
  tcp.idle = idle;
  return tcp;
}

std::string noise(std::size_t bytes) {
  KeyedRandom random(17);
  std::string result(bytes, '\0');
  for (char& byte : result) byte = static_cast<char>(random.below(256));
  return result;
}

}  // namespace

TEST_CASE("fifty port probes change no state; the first byte makes a sender up") {
  LogLines log;
  Listening listening(settings());
  for (int i = 0; i < 50; ++i) listening.connect();
  StreamClient sender = listening.connect();
  CHECK(log.await(" is connected", 51) == 51);
  CHECK(listening.rig.sink.all<SourceChange>().size() == 1);  // starting
  sender.send("x");
  const std::vector<SourceChange> changes = listening.rig.sink.await<SourceChange>(2);
  CHECK(changes.at(1).state == SourceState::up);
  CHECK(listening.count(SourceState::up) == 1);
  CHECK(listening.count(SourceState::down) == 0);
}

TEST_CASE("a sender that is connected and sends nothing is not up, and is named in the log") {
  LogLines log;
  Listening listening(settings(100ms));
  StreamClient sender = listening.connect();
  CHECK(log.await("is connected and has sent nothing for 0.1 s") == 1);
  CHECK(listening.count(SourceState::up) == 0);
  sender.send(noise(64));
  CHECK(log.await("sends now") == 1);
  CHECK(listening.rig.sink.await<SourceChange>(2).at(1).state == SourceState::up);
}

TEST_CASE("a sender that falls silent is stalled, up again when it speaks, and closed in the end") {
  TcpSettings tcp = settings(200ms);
  tcp.closing = 1500ms;
  Listening listening(tcp);
  StreamClient sender = listening.connect();
  sender.send(noise(64));
  CHECK(listening.rig.sink.await<SourceChange>(3).at(2).state == SourceState::stalled);
  sender.send(noise(64));
  CHECK(listening.rig.sink.await<SourceChange>(4).at(3).state == SourceState::up);
  const std::vector<SourceChange> changes = listening.rig.sink.await<SourceChange>(6);
  REQUIRE(changes.size() == 6);
  CHECK(changes[5].state == SourceState::down);
  CHECK(changes[5].detail.find("closed after 1.5 s without a byte") != std::string::npos);
  CHECK_FALSE(sender.line());
}

TEST_CASE("a silent connection does not hold the port") {
  TcpSettings tcp = settings(100ms);
  tcp.closing = 300ms;
  Listening listening(tcp);
  StreamClient silent = listening.connect();
  CHECK_FALSE(silent.line());
  StreamClient sender = listening.connect();
  sender.send(noise(64));
  CHECK(listening.rig.sink.await<SourceChange>(2).at(1).state == SourceState::up);
}

TEST_CASE(
    "what a sender says while it waits for the one before it is not heard, what comes then is in its place") {
  constexpr auto kBlock = 50ms;
  TcpSettings tcp = settings();
  tcp.pace = Pace::realtime;
  tcp.pcm = {.format = SampleFormat::f32le, .rate_hz = 44'100, .channels = 1};
  const std::string block(sizeof(float) * 2'205, '\0');
  Listening listening(tcp);
  std::optional<StreamClient> first = listening.connect();
  const auto begin = BootClock::now() - kBlock;  // of the timeline
  first->send(block);
  REQUIRE(listening.rig.sink.await<SourceChange>(2).size() == 2);  // starting, up
  std::optional<StreamClient> second = listening.connect();
  const auto speak = [&](int blocks) {
    for (int i = 0; i < blocks; ++i) {
      std::this_thread::sleep_for(kBlock);
      second->send(block);
    }
  };
  speak(10);
  first.reset();
  speak(20);
  const std::chrono::duration<double> end = BootClock::now() - begin;
  second.reset();
  const std::vector<SourceChange> changes = listening.rig.sink.await<SourceChange>(5);
  REQUIRE(changes.size() == 5);
  REQUIRE(changes[4].end_sample);
  CHECK(static_cast<double>(*changes[4].end_sample) / 44'100 == Approx(end.count()).margin(0.2));
}

TEST_CASE("with takeover a new sender replaces the one there; without it is refused") {
  for (const bool takeover : {true, false}) {
    LogLines log;
    TcpSettings tcp = settings();
    tcp.takeover = takeover;
    Listening listening(tcp);
    StreamClient first = listening.connect();
    first.send(noise(64));
    listening.rig.sink.await<SourceChange>(2);
    StreamClient second = listening.connect();
    second.send(noise(64));
    if (takeover) {
      CHECK_FALSE(first.line());
      const std::vector<SourceChange> changes = listening.rig.sink.await<SourceChange>(4);
      REQUIRE(changes.size() == 4);
      CHECK(changes[2].detail.find("another sender takes over") != std::string::npos);
      CHECK(changes[3].state == SourceState::up);
    } else {
      CHECK(log.await("another sender is connected") == 1);
      CHECK(listening.count(SourceState::up) == 1);
    }
  }
}

TEST_CASE(
    "with takeover those who connect and send nothing replace nobody, and keep nobody waiting who does") {
  LogLines log;
  TcpSettings tcp = settings();
  tcp.takeover = true;
  Listening listening(tcp);
  StreamClient first = listening.connect();
  first.send(noise(64));
  REQUIRE(listening.rig.sink.await<SourceChange>(2).size() == 2);  // starting, up
  std::deque<StreamClient> silent;
  for (int i = 0; i < 17; ++i) silent.push_back(listening.connect());
  CHECK(log.await("too many are yet to send something") == 1);
  CHECK_FALSE(silent.back().line());
  CHECK(listening.count(SourceState::down) == 0);
  silent.pop_front();
  CHECK(log.await("left, having sent nothing") == 1);
  StreamClient second = listening.connect();
  second.send(noise(64));
  CHECK_FALSE(first.line());
  const std::vector<SourceChange> changes = listening.rig.sink.await<SourceChange>(4);
  REQUIRE(changes.size() == 4);
  CHECK(changes[2].detail.find("another sender takes over") != std::string::npos);
  CHECK(changes[3].state == SourceState::up);
}

TEST_CASE("what is no raw PCM is named once a sender") {
  LogLines log;
  Listening listening(settings());
  for (std::size_t senders = 1; senders <= 2; ++senders) {
    StreamClient sender = listening.connect();
    sender.send("RIFF\x24");
    sender.send(noise(10'000));
    CHECK(log.await("looks like a WAV file, and is read as raw s16le samples", senders) == senders);
  }
  CHECK(log.count("looks like") == 2);
}

TEST_CASE("a stop is seen between two windows of what a sender sent at once") {
  std::optional<Listening> listening;
  std::atomic<int> windows{0};
  TcpSettings tcp = settings();
  tcp.pcm.rate_hz = 8'000;  // 16 KiB are a second: 86 windows
  listening.emplace(tcp, [&](const Message& message) {
    if (!std::holds_alternative<Prediction>(message)) return;
    ++windows;
    listening->stop.request_stop();
  });
  StreamClient sender = listening->connect();
  sender.send(noise(2 * 8'000 * 8));
  listening->wait();
  CHECK(windows == 1);
}

}  // namespace earshot::test
