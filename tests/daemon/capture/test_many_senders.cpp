// ManySenders: senders that name themselves: heard each by itself, refused with a reason, remembered while
// they are away.
#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/ManySenders.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/SourceRig.h"
#include "tests/daemon/StreamClient.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

TcpSettings for_many(std::size_t senders) {
  TcpSettings tcp;
  tcp.listen = {"127.0.0.1", 0};
  tcp.pace = Pace::fast;
  tcp.pcm.rate_hz = 44'100;
  tcp.max_senders = senders;
  return tcp;
}

// A listener on a thread of its own; "mic" is a source of the configuration.
class Hall {
 public:
  explicit Hall(const TcpSettings& tcp, SenderPatience patience = {}, std::optional<int> channel = {}) {
    names.take("mic");
    names.take("barn");
    context.names = &names;
    senders_.emplace(
        SourceSettings{.name = "barn", .channel = channel, .gain_db = 0.0, .level_dbfs = {}, .kind = tcp},
        tcp, context, patience);
    thread_ = std::jthread([this] { senders_->run(stop_.get_token()); });
  }
  ~Hall() { stop(); }
  void stop() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  StreamClient connect() const { return StreamClient(senders_->listen().port); }
  StreamClient connect(const std::string& line) const {
    StreamClient sender = connect();
    sender.send(line + '\n');
    return sender;
  }
  /// What it is told instead of being let in.
  std::string refusal(StreamClient sender) const {
    const auto line = sender.line();
    const std::string why = line ? refusal_of(*line) : "closed without a word";
    CHECK_FALSE(sender.line());
    return why;
  }
  std::string refusal(const std::string& line) const { return refusal(connect(line)); }

  /// The changes of one source, once there are `count`.
  std::vector<SourceChange> changes_of(const std::string& source, std::size_t count) const {
    std::vector<SourceChange> changes;
    for (int i = 0; i < 4'000; ++i) {
      changes = rig.sink.all<SourceChange>();
      std::erase_if(changes, [&](const SourceChange& change) { return change.source != source; });
      if (changes.size() >= count) break;
      std::this_thread::sleep_for(5ms);
    }
    REQUIRE(changes.size() >= count);
    return changes;
  }

  SourceRig rig{kShortHop};
  SourceNames names;
  SourceContext context = rig.context;

 private:
  std::stop_source stop_;
  std::optional<ManySenders> senders_;
  std::jthread thread_;
};

std::string named_line(const std::string& name) {
  return "{\"source\":\"" + name + "\"}";
}

}  // namespace

TEST_CASE("each sender is a source of its own, with its own format, rate and channels") {
  Hall hall(for_many(3));
  StreamClient a = hall.connect(named_line("a"));
  StreamClient b = hall.connect();
  // The line and the first samples in one piece, and cut in odd places.
  b.send(R"({"source":"b","format":"f32le","rate)");
  b.send(std::string("_hz\":22050,\"channels\":2}\n") + std::string(3, '\0'));
  a.send(std::string(200, '\0'));
  b.send(std::string(4 * 2 * 100 - 3, '\0'));
  a.close_sending();
  b.close_sending();
  const std::vector<SourceChange> of_a = hall.changes_of("a", 3);
  CHECK(of_a[0].state == SourceState::starting);
  CHECK_THAT(of_a[0].detail, Catch::Matchers::EndsWith(" is connected"));
  CHECK(of_a[1].state == SourceState::up);
  CHECK(of_a[2].state == SourceState::down);
  CHECK_THAT(of_a[2].detail, Catch::Matchers::EndsWith(" left"));
  CHECK(of_a[2].end_sample == 100);                     // s16le
  CHECK(hall.changes_of("b", 3)[2].end_sample == 200);  // 100 frames at half the model's rate
}

TEST_CASE("a sender that comes back under its name goes on with its timeline") {
  Hall hall(for_many(1));
  {
    StreamClient first = hall.connect(named_line("a"));
    first.send(std::string(2'000, '\0'));
  }
  hall.changes_of("a", 3);
  StreamClient again = hall.connect(named_line("a"));
  again.send(std::string(2'000, '\0'));
  again.close_sending();
  const std::vector<SourceChange> changes = hall.changes_of("a", 5);
  CHECK(changes[3].state == SourceState::up);
  CHECK(changes[4].state == SourceState::down);
  const std::vector<Gap> gaps = hall.rig.sink.all<Gap>();
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].source == "a");
  CHECK(gaps[0].start_sample == 1'000);
  CHECK(changes[4].end_sample == 2'000 + gaps[0].samples);
}

TEST_CASE("who may not come in is told why in one line") {
  LogLines log;
  Hall hall(for_many(2), {}, 2);
  CHECK_THAT(hall.refusal("hello"),
             Catch::Matchers::StartsWith("found no JSON object, expected a first line like"));
  CHECK_THAT(hall.refusal(named_line("two words")),
             Catch::Matchers::StartsWith("source: found \"two words\""));
  CHECK(hall.refusal("{\"source\":\"a\"}") ==
        "channels: found 1, expected at least 2, the channel that is heard");
  CHECK(log.await("source 'barn': refused 127.0.0.1:") == 1);  // at once; what follows is summed up
  const std::string two = ",\"channels\":2}";
  CHECK(hall.refusal("{\"source\":\"mic\"" + two) ==
        "source: found \"mic\", expected a name that no other source has");
  CHECK(hall.refusal("{\"source\":\"barn\"" + two) ==
        "source: found \"barn\", expected a name that no other source has");
  StreamClient a = hall.connect("{\"source\":\"a\"" + two);
  hall.changes_of("a", 1);
  CHECK_THAT(hall.refusal("{\"source\":\"a\"" + two),
             Catch::Matchers::Matches(
                 "source: found \"a\", expected another name: 127.0.0.1:\\d+ is connected as that"));
  StreamClient b = hall.connect("{\"source\":\"b\"" + two);
  hall.changes_of("b", 1);
  CHECK(
      hall.refusal("{\"source\":\"c\"" + two) ==
      "found 2 sources that are here or have not been away for long, expected fewer: max_senders is reached");
  CHECK(hall.rig.sink.all<SourceChange>().size() == 2);
  hall.stop();
  CHECK(log.count("such lines)") == 1);
}

TEST_CASE("a sender of raw samples without a first line, and one that says nothing, are refused in time") {
  Hall hall(for_many(2), {.first_line = 300ms, .farewell = 300ms, .away = 1h});
  StreamClient raw = hall.connect();
  raw.send(std::string(100'000, 'x'));
  CHECK_THAT(hall.refusal(std::move(raw)),
             Catch::Matchers::StartsWith("found no end of line in 1024 bytes, expected a first line"));
  CHECK(hall.refusal(hall.connect()) == "found no first line within 0.3 s");
  StreamClient slow = hall.connect();
  slow.send("{\"source\":");
  CHECK(hall.refusal(std::move(slow)) == "found no first line within 0.3 s");
  StreamClient stays = hall.connect("?");  // and does not read
  std::this_thread::sleep_for(600ms);
  stays.line();
  CHECK_FALSE(stays.line());
  CHECK(hall.rig.sink.all<SourceChange>().empty());
}

TEST_CASE("a line of 1024 bytes is read, one of more is not") {
  Hall hall(for_many(2));
  std::string line = named_line("a");
  line.insert(line.size() - 1, 1024 - line.size(), ' ');
  StreamClient a = hall.connect(line);
  hall.changes_of("a", 1);
  line.insert(line.size() - 1, 1, ' ');
  CHECK_THAT(hall.refusal(line), Catch::Matchers::StartsWith("found no end of line in 1024 bytes"));
}

TEST_CASE("with takeover a sender replaces the one of its name and no other") {
  TcpSettings tcp = for_many(2);
  tcp.takeover = true;
  Hall hall(tcp);
  StreamClient other = hall.connect(named_line("other"));
  StreamClient first = hall.connect(named_line("a"));
  first.send(std::string(200, '\0'));
  hall.changes_of("a", 2);
  StreamClient second = hall.connect(named_line("a"));
  second.send(std::string(200, '\0'));
  CHECK_FALSE(first.line());
  const std::vector<SourceChange> changes = hall.changes_of("a", 4);
  CHECK_THAT(changes[2].detail, Catch::Matchers::EndsWith("another sender takes over"));
  CHECK(changes[3].state == SourceState::up);
  CHECK(hall.changes_of("other", 1).size() == 1);
}

TEST_CASE(
    "who has been away the longest makes room, once that is long enough, and begins anew when it is back") {
  Hall hall(for_many(2), {.first_line = 10s, .farewell = 2s, .away = 500ms});
  for (const char* name : {"a", "b"}) {
    StreamClient sender = hall.connect(named_line(name));
    sender.send(std::string(200, '\0'));
    hall.changes_of(name, 2);
  }
  hall.changes_of("a", 3);
  hall.changes_of("b", 3);
  CHECK_THAT(hall.refusal(named_line("c")), Catch::Matchers::EndsWith("max_senders is reached"));
  std::this_thread::sleep_for(600ms);
  StreamClient c = hall.connect(named_line("c"));
  hall.changes_of("c", 1);
  const std::vector<SourceChange> of_a = hall.changes_of("a", 4);
  CHECK(of_a[3].state == SourceState::ended);
  CHECK(of_a[3].detail == "makes room for another sender");
  CHECK(of_a[3].forgotten);
  CHECK(hall.changes_of("b", 3).size() == 3);
  StreamClient a = hall.connect(named_line("a"));  // in the place of b
  a.send(std::string(200, '\0'));
  a.close_sending();
  const std::vector<SourceChange> again = hall.changes_of("a", 7);
  CHECK(again[4].state == SourceState::starting);
  CHECK(again[6].end_sample == 100);
}

TEST_CASE("a named sender that falls silent is stalled, and closed in the end") {
  TcpSettings tcp = for_many(2);
  tcp.idle = 200ms;
  tcp.closing = 1s;
  Hall hall(tcp);
  StreamClient mute = hall.connect(named_line("mute"));
  const std::vector<SourceChange> changes = hall.changes_of("mute", 3);
  CHECK(changes[1].state == SourceState::stalled);
  CHECK(changes[2].state == SourceState::down);
  CHECK_THAT(changes[2].detail, Catch::Matchers::EndsWith("closed after 1 s without a byte"));
  CHECK_FALSE(mute.line());
}

TEST_CASE("a sender that connects again and again and sends no samples is down once") {
  LogLines log;
  Hall hall(for_many(2));
  const auto come_and_go = [&](std::size_t first, std::size_t last) {
    for (std::size_t times = first; times <= last; ++times) {
      hall.connect(named_line("a"));
      REQUIRE(log.await("left, having sent no samples", times) == times);
    }
  };
  come_and_go(1, 10);
  {
    StreamClient speaks = hall.connect(named_line("a"));
    speaks.send(std::string(200, '\0'));
  }
  hall.changes_of("a", 4);
  come_and_go(11, 20);
  hall.stop();
  const std::vector<SourceChange> changes = hall.changes_of("a", 5);
  std::vector<SourceState> states;
  for (const SourceChange& change : changes) states.push_back(change.state);
  CHECK(states == std::vector{SourceState::starting, SourceState::down, SourceState::up, SourceState::down,
                              SourceState::ended});
}

TEST_CASE("two listeners never have one name between them") {
  Hall hall(for_many(2));
  StreamClient a = hall.connect(named_line("a"));
  hall.changes_of("a", 1);
  CHECK_FALSE(hall.names.take("a"));
  hall.stop();
  CHECK(hall.changes_of("a", 2)[1].state == SourceState::ended);
  CHECK_FALSE(hall.changes_of("a", 2)[1].forgotten);  // it may come back to the next daemon
}

TEST_CASE("port probes make no source and fill no log") {
  LogLines log;
  Hall hall(for_many(2));
  for (int i = 0; i < 50; ++i) hall.connect();
  StreamClient a = hall.connect(named_line("a"));
  hall.changes_of("a", 1);
  CHECK(log.await("left without a first line", 50) == 50);  // of debug
  CHECK(log.count("refused") == 0);
  CHECK(hall.rig.sink.all<SourceChange>().size() == 1);
}

TEST_CASE("a fast sender is slowed down, its samples all heard, and others go on meanwhile") {
  Hall hall(for_many(2));
  constexpr std::uint64_t kSamples = 3'000'000;
  StreamClient fast = hall.connect(named_line("fast"));
  std::jthread sending([&] {
    const std::string chunk(60'000, '\0');
    for (std::uint64_t sent = 0; sent < 2 * kSamples; sent += chunk.size()) fast.send(chunk);
    fast.close_sending();
  });
  StreamClient other = hall.connect(named_line("other"));
  other.send(std::string(200, '\0'));
  hall.changes_of("other", 2);
  CHECK(hall.changes_of("fast", 3)[2].end_sample == kSamples);
}

}  // namespace earshot::test
