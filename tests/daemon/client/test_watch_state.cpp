// What `earshot watch` makes of the stream before it shows it.
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/client/WatchState.h"
#include "tests/daemon/client/WatchedStream.h"

namespace earshot::test {
namespace {

std::vector<std::string> log_texts(const WatchState& state, WatchLogEntry::Kind kind) {
  std::vector<std::string> texts;
  for (const WatchLogEntry& entry : state.log()) {
    if (entry.kind == kind) texts.push_back(entry.text);
  }
  return texts;
}

double seconds_of(const WatchLogEntry& entry) {
  return entry.until_s.value() - entry.time_s;
}

}  // namespace

TEST_CASE("a source is heard since when its label has been heard without a break, the first of them or not") {
  WatchedStream stream;
  stream.predict(1.0, {"Speech"});
  stream.predict(2.0, {"Music", "Speech"});
  stream.predict(3.0, {"Speech"});
  const WatchedSource& mic = stream.state.sources().front();
  CHECK(mic.now_s - mic.heard_since_s.at("Speech") == Approx(3.0));
  CHECK_FALSE(mic.heard_since_s.contains("Music"));
  CHECK_FALSE(mic.nothing_since_s);
  stream.predict(4.0, {});
  stream.predict(5.0, {});
  CHECK(mic.heard_since_s.empty());
  CHECK(mic.guess);
  CHECK(mic.now_s - mic.nothing_since_s.value() == Approx(2.0));
}

TEST_CASE("without events what is heard is the log: one line a sound, a flicker does not end it, quiet is folded") {
  WatchedStream stream;
  for (double t = 1.0; t <= 5.0; t += 1.0) stream.predict(t, {"Dog"});
  stream.predict(6.0, {});
  stream.predict(7.0, {"Dog"});
  for (double t = 8.0; t <= 127.0; t += 1.0) stream.predict(t, {});
  stream.predict(128.0, {"Bell"});
  const auto& log = stream.state.log();
  REQUIRE(log.size() == 3);
  CHECK(log[0].text == "Dog");
  CHECK(seconds_of(log[0]) == Approx(7.0));
  CHECK_FALSE(log[0].open);
  CHECK(log[1].kind == WatchLogEntry::Kind::quiet);
  CHECK(seconds_of(log[1]) == Approx(120.0));
  CHECK(log[2].text == "Bell");
  CHECK(log[2].open);
}

TEST_CASE("where a daemon tells events, they are the log, and their end gives the length") {
  WatchedStream stream;
  stream.tell(R"({"type":"event","phase":"start","event_id":"a-1","source":"mic","label":"Dog",)"
              R"("time":"2025-03-01T00:00:01Z"})");
  stream.predict(2.0, {"Dog", "Bell"});
  REQUIRE(stream.state.log().size() == 1);
  CHECK(stream.state.log()[0].open);
  CHECK(seconds_of(stream.state.log()[0]) == Approx(1.0));
  stream.tell(R"({"type":"event","phase":"end","event_id":"a-1","source":"mic","label":"Dog",)"
              R"("time":"2025-03-01T00:00:05Z","duration_s":3.5})");
  CHECK_FALSE(stream.state.log()[0].open);
  CHECK(seconds_of(stream.state.log()[0]) == Approx(3.5));
  stream.predict(6.0, {"Bell"});
  CHECK(stream.state.log().size() == 1);
  // One that began before we came.
  stream.tell(R"({"type":"event","phase":"end","event_id":"a-0","source":"mic","label":"Rain",)"
              R"("time":"2025-03-01T00:00:09Z","duration_s":8})");
  CHECK(stream.state.log().back().time_s == Approx(kWatchedMidnight + 1.0));
}

TEST_CASE("losses, states, notes and what happens to the connection are in the log") {
  WatchedStream stream;
  stream.tell(R"({"type":"gap","source":"mic","start_sample":0,"samples":8000,"reason":"device"})");
  stream.tell(R"({"type":"gap","source":"mic","start_sample":0,"samples":0,"reason":"overload","windows":3})");
  stream.tell(R"({"type":"lost","from_seq":3,"to_seq":9,"messages":5})");
  stream.tell(R"({"type":"source","source":"mic","state":"down","detail":"unplugged"})");
  stream.state.lost_connection(5.0, "no route\x1b");
  stream.state.lost_connection(6.0, "still none");
  CHECK(stream.state.connection() == "still none");
  CHECK(log_texts(stream.state, WatchLogEntry::Kind::trouble) ==
        std::vector<std::string>{"0.50 s lost: device", "3 windows skipped: overload", "missed 5 messages, seq 3 to 9",
                                 "down: unplugged", "no route\\x1b"});
  CHECK(stream.state.totals().skipped_windows == 3.0);
  CHECK_FALSE(stream.state.connected());
  stream.state.note(7.0, "demo: now a voice");
  CHECK(log_texts(stream.state, WatchLogEntry::Kind::note) == std::vector<std::string>{"demo: now a voice"});
}

TEST_CASE("a heartbeat brings lag, level, skipped windows and totals, of a daemon that tells them") {
  WatchedStream stream;
  stream.tell(R"({"type":"heartbeat","uptime_s":61.5,"dropped_samples":16000,"clients":2})");
  CHECK(stream.state.totals().dropped_samples == 16000.0);
  CHECK_FALSE(stream.state.sources().front().lag_s);
  stream.tell(R"({"type":"heartbeat","uptime_s":66.5,"dropped_samples":16000,"clients":2,"sources":[)"
              R"({"name":"mic","state":"up","lag_s":0.25,"level_dbfs":-30.5,"skipped_windows":4},)"
              R"({"name":"porch","state":"down","lag_s":null,"skipped_windows":1},7]})");
  REQUIRE(stream.state.sources().size() == 2);
  CHECK(stream.state.sources()[0].lag_s == 0.25);
  CHECK(stream.state.sources()[0].level_dbfs == -30.5);
  CHECK(stream.state.sources()[1].state == "down");
  CHECK_FALSE(stream.state.sources()[1].lag_s);
  CHECK(stream.state.totals().skipped_windows == 5.0);
}

TEST_CASE("nonsense in the stream changes nothing that matters, and no log grows without bound") {
  WatchedStream stream;
  for (const char* nonsense :
       {R"({"type":"hello","sources":[3,{"name":7}],"model":[],"labels":1,"rate_hz":"x"})", R"({"type":"event"})",
        R"({"type":"prediction","time":5,"heard":[1,{}],"label":[]})", R"({"type":"gap"})", R"({"type":"clock"})",
        R"({"type":"heartbeat","sources":{}})", R"({"type":5})", "{}"})
    CHECK_NOTHROW(stream.tell(nonsense));
  for (int i = 0; i < 5000; ++i) stream.state.note(i, "note");
  CHECK(stream.state.log().size() <= 1000);
}

}  // namespace earshot::test
