// What one client gets next: live lines, replays, what was lost, without any socket.
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/stream/Subscriber.h"
#include "tests/daemon/TestLabels.h"

namespace earshot::test {
namespace {

class Stream {
 public:
  explicit Stream(std::size_t history) : state(facts(), history, counters, utc) {}

  void publish(const Message& message) {
    OutgoingMessage outgoing = state.add(message);
    for (Subscriber* each : listeners) each->deliver(outgoing);
  }
  void predict(const std::string& source = "mic") {
    Prediction prediction;
    prediction.source = source;
    prediction.labels = dog_and_rain();
    prediction.scores = {0.25F, 0.75F};
    publish(prediction);
  }
  void gap(const std::string& source = "mic") { publish(Gap{source, 0, 1, GapReason::overflow, 0}); }

  static StreamFacts facts() {
    return {"esc10", "ab12", {"dog", "rain"}, false,
            220500,  22016,  44100,           {{"mic", "microphone"}, {"porch", "tcp"}}};
  }

  Counters counters;
  UtcClock utc;
  StreamState state;
  std::vector<Subscriber*> listeners;
};

/// Everything there is to send, short: a seq for a message, "lost 1-4:3", or the type.
std::vector<std::string> take_all(Subscriber& client) {
  std::vector<std::string> all;
  while (const SharedLine line = client.next()) {
    const boost::json::object message = boost::json::parse(*line).as_object();
    const std::string type(message.at("type").as_string());
    const auto number = [&](const char* key) { return std::to_string(message.at(key).to_number<int>()); };
    if (message.contains("seq")) {
      all.push_back(number("seq"));
    } else if (type == "lost") {
      all.push_back("lost " + number("from_seq") + "-" + number("to_seq") + ":" + number("messages"));
    } else if (type == "subscribed") {
      all.push_back("subscribed " + number("first_seq"));
    } else if (type == "error") {
      all.push_back("error " + std::string(message.at("code").as_string()));
    } else {
      all.push_back(type);
    }
  }
  return all;
}

using Lines = std::vector<std::string>;
constexpr std::size_t kRoomy = 1 << 20;

}  // namespace

TEST_CASE("hello says what the daemon is and what it still holds") {
  Stream stream(2);
  for (int i = 0; i < 5; ++i) stream.predict();
  stream.publish(SourceChange{"porch", SourceState::up, "", {}});
  Subscriber client(stream.state, kRoomy);
  const auto hello = boost::json::parse(*client.next()).as_object();
  CHECK(hello.at("type") == "hello");
  CHECK(hello.at("schema") == 1);
  CHECK(hello.at("server") == "earshotd");
  CHECK(hello.at("version") == EARSHOT_VERSION);
  CHECK(hello.at("instance") == boost::json::string(stream.state.instance()));
  CHECK(hello.at("model") == boost::json::parse(R"({"name":"esc10","sha256":"ab12","scores":"softmax"})"));
  CHECK(hello.at("labels") == boost::json::parse(R"(["dog","rain"])"));
  CHECK(hello.at("window_samples") == 220500);
  CHECK(hello.at("hop_samples") == 22016);
  CHECK(hello.at("rate_hz") == 44100);
  CHECK(hello.at("sources") == boost::json::parse(R"([{"name":"mic","kind":"microphone","state":"starting"},)"
                                                  R"({"name":"porch","kind":"tcp","state":"up"}])"));
  CHECK(hello.at("first_seq") == 4);
  CHECK(hello.at("next_seq") == 7);
  CHECK(Stream(2).state.instance() != Stream(2).state.instance());
}

TEST_CASE("a client that never asked gets everything from hello on") {
  Stream stream(10);
  stream.predict();
  Subscriber client(stream.state, kRoomy);
  stream.listeners = {&client};
  stream.predict();
  stream.gap();
  CHECK(take_all(client) == Lines{"hello", "2", "3"});
}

TEST_CASE("a filter passes the types and sources it names") {
  Stream stream(10);
  Subscriber client(stream.state, kRoomy);
  stream.listeners = {&client};
  client.request(R"({"type":"subscribe","types":["prediction"],"sources":["porch"]})");
  stream.predict("mic");
  stream.predict("porch");
  stream.gap("porch");
  CHECK(take_all(client) == Lines{"hello", "subscribed 1", "2"});
  client.request(R"({"type":"subscribe","types":["gap"]})");
  stream.predict("porch");
  stream.gap("mic");
  CHECK(take_all(client) == Lines{"subscribed 4", "5"});
}

TEST_CASE("scores come as asked for, one line shared by all who asked alike") {
  Stream stream(10);
  Subscriber all(stream.state, kRoomy);
  Subscriber one(stream.state, kRoomy);
  Subscriber other_one(stream.state, kRoomy);
  one.request(R"({"type":"subscribe","scores":1})");
  other_one.request(R"({"type":"subscribe","scores":1})");
  for (Subscriber* client : {&all, &one, &other_one}) take_all(*client);
  stream.listeners = {&all, &one, &other_one};
  stream.predict();
  const SharedLine line = one.next();
  CHECK(line == other_one.next());
  CHECK(boost::json::parse(*line).at("scores").as_object().size() == 1);
  CHECK(boost::json::parse(*all.next()).at("scores").as_object().size() == 2);
}

TEST_CASE("from_seq replays what is held, then goes on live without a hole or a repetition") {
  Stream stream(100);
  for (int i = 0; i < 20; ++i) stream.predict();
  Subscriber client(stream.state, kRoomy);
  stream.listeners = {&client};
  CHECK(take_all(client) == Lines{"hello"});
  client.request(R"({"type":"subscribe","from_seq":17})");
  stream.predict();
  CHECK(*client.next() != "");  // subscribed
  CHECK(client.next()->find("\"seq\":17,") != std::string::npos);
  stream.predict();
  CHECK(take_all(client) == Lines{"18", "19", "20", "21", "22"});
  stream.predict();
  CHECK(take_all(client) == Lines{"23"});
}

TEST_CASE("a replay tells what is no longer held, counting what the filter would have passed") {
  Stream stream(3);  // holds 3 predictions and 3 others
  for (int i = 0; i < 5; ++i) {
    stream.predict("mic");    // 1 4 7 10 13
    stream.predict("porch");  // 2 5 8 11 14
    stream.gap("porch");      // 3 6 9 12 15
  }
  Subscriber client(stream.state, kRoomy);
  client.request(R"({"type":"subscribe","from_seq":0})");
  CHECK(take_all(client) ==
        Lines{"hello", "subscribed 9", "lost 1-8:8", "9", "lost 10-10:1", "11", "12", "13", "14", "15"});
  client.request(R"({"type":"subscribe","from_seq":2,"sources":["mic"]})");
  CHECK(take_all(client) == Lines{"subscribed 9", "lost 2-12:3", "13"});
  client.request(R"({"type":"subscribe","from_seq":3,"types":["gap"],"sources":["mic"]})");
  CHECK(take_all(client) == Lines{"subscribed 9"});
  client.request(R"({"type":"subscribe","from_seq":16})");
  CHECK(take_all(client) == Lines{"subscribed 16"});
}

TEST_CASE("what is lost is counted through the filter, however long ago it was") {
  constexpr int kMessages = 600'000;  // more than the kinds that are known one by one
  Stream stream(3);
  for (int i = 0; i < kMessages; ++i)
    i == 5'000 || i == kMessages - 5 ? stream.gap("mic") : stream.predict("mic");
  Subscriber client(stream.state, kRoomy);
  client.request(R"({"type":"subscribe","from_seq":1,"types":["gap"]})");
  CHECK(take_all(client) == Lines{"hello", "subscribed 5001", "5001", "599996"});
  Stream forgetful(0);
  for (int i = 0; i < kMessages; ++i)
    i == 5'000 || i == kMessages - 5 ? forgetful.gap("mic") : forgetful.predict("mic");
  Subscriber other(forgetful.state, kRoomy);
  other.request(R"({"type":"subscribe","from_seq":1,"types":["gap"]})");
  CHECK(take_all(other) == Lines{"hello", "subscribed 600001", "lost 1-600000:2"});
}

TEST_CASE("an error shows the start of what a client wrote, not 64 KiB of it") {
  Stream stream(3);
  Subscriber client(stream.state, kRoomy);
  take_all(client);
  const std::string much(60'000, '\x7F');
  client.request(R"({"type":"subscribe","sources":[")" + much + "\"]}");
  client.request(R"({"type":"subscribe","instance":")" + much + "\"}");
  for (int i = 0; i < 2; ++i) {
    const SharedLine line = client.next();
    REQUIRE(line);
    CHECK(line->find("\"error\"") != std::string::npos);
    CHECK(line->size() < 1'000);
  }
}

TEST_CASE("a history of nothing still tells what is lost") {
  Stream stream(0);
  stream.predict();
  stream.predict();
  Subscriber client(stream.state, kRoomy);
  stream.listeners = {&client};
  client.request(R"({"type":"subscribe","from_seq":1})");
  CHECK(take_all(client) == Lines{"hello", "subscribed 3", "lost 1-2:2"});
  stream.predict();
  CHECK(take_all(client) == Lines{"3"});
}

TEST_CASE("a client that catches up too slowly loses what the history forgot") {
  Stream stream(5);
  for (int i = 0; i < 5; ++i) stream.predict();
  Subscriber client(stream.state, kRoomy);
  stream.listeners = {&client};
  client.request(R"({"type":"subscribe","from_seq":1})");
  client.next();  // hello
  client.next();  // subscribed
  CHECK(client.next()->find("\"seq\":1,") != std::string::npos);
  for (int i = 0; i < 4; ++i) stream.predict();
  CHECK(take_all(client) == Lines{"lost 2-4:3", "5", "6", "7", "8", "9"});
}

TEST_CASE("a client too slow for its buffer is told what it lost, in its place") {
  Stream stream(1000);
  Subscriber client(stream.state, 4096);
  stream.listeners = {&client};
  take_all(client);
  for (int i = 0; i < 100; ++i) stream.predict();
  CHECK(client.queued_bytes() <= 4096);
  const Lines lines = take_all(client);
  const std::size_t kept = lines.size() - 1;
  CHECK(lines[0] == "lost 1-" + std::to_string(100 - kept) + ":" + std::to_string(100 - kept));
  CHECK(lines.back() == "100");
  // What was lost live may still be in the history.
  client.request(R"({"type":"subscribe","from_seq":1})");
  CHECK(take_all(client).size() == 101);
}

TEST_CASE("a wrong request changes nothing") {
  Stream stream(10);
  Subscriber client(stream.state, kRoomy);
  stream.listeners = {&client};
  client.request(R"({"type":"subscribe","types":["gap"]})");
  take_all(client);
  client.request("nonsense");
  client.request("  \r");
  client.request(R"({"type":"subscribe","sources":["attic"]})");
  client.request(R"({"type":"subscribe","from_seq":2})");
  client.request(R"({"type":"subscribe","from_seq":1,"instance":"another"})");
  CHECK(take_all(client) ==
        Lines{"error bad_json", "error unknown_source", "error bad_request", "error wrong_instance"});
  stream.predict();
  stream.gap();
  CHECK(take_all(client) == Lines{"2"});
  client.request(R"({"type":"subscribe","from_seq":1,"instance":")" + stream.state.instance() + "\"}");
  CHECK(take_all(client) == Lines{"subscribed 1", "1", "2"});
}

TEST_CASE("a new subscription while catching up goes on where the replay is") {
  Stream stream(10);
  for (int i = 0; i < 4; ++i) stream.predict();
  Subscriber client(stream.state, kRoomy);
  stream.listeners = {&client};
  client.request(R"({"type":"subscribe","from_seq":1})");
  client.next();
  client.next();
  client.next();  // 1
  client.request(R"({"type":"subscribe","scores":"none"})");
  CHECK(take_all(client) == Lines{"subscribed 2", "2", "3", "4"});
}

TEST_CASE("an unread heartbeat is not followed by another") {
  Stream stream(10);
  Subscriber client(stream.state, kRoomy);
  stream.listeners = {&client};
  take_all(client);
  for (int i = 0; i < 100; ++i) client.heartbeat(stream.state.heartbeat(1));
  stream.predict();
  CHECK(take_all(client) == Lines{"heartbeat", "1"});
  client.heartbeat(stream.state.heartbeat(1));
  CHECK(take_all(client) == Lines{"heartbeat"});
}

TEST_CASE("the heartbeat carries the counters") {
  Stream stream(10);
  stream.counters.predictions = 3;
  stream.counters.dropped_samples = 4;
  stream.counters.bad_samples = 5;
  const auto beat = boost::json::parse(*stream.state.heartbeat(6)).as_object();
  CHECK(beat.at("predictions") == 3);
  CHECK(beat.at("dropped_samples") == 4);
  CHECK(beat.at("bad_samples") == 5);
  CHECK(beat.at("clients") == 6);
  CHECK(beat.at("next_seq") == 1);
  CHECK(beat.at("uptime_s").to_number<double>() >= 0);
  CHECK(beat.at("time").as_string().ends_with('Z'));
}

}  // namespace earshot::test
