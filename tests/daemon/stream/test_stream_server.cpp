// The server through real sockets.
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/stream/StreamServer.h"
#include "dsp/base/Error.h"
#include "tests/daemon/StreamClient.h"
#include "tests/daemon/TestLabels.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

StreamSettings settings() {
  StreamSettings settings;
  settings.listen = {Endpoint{"127.0.0.1", 0}};
  return settings;
}

StreamFacts facts() {
  return {"esc10", "ab12", {"dog", "rain"}, false,
          220500,  22016,  44100,           {{"mic", "microphone"}, {"porch", "tcp"}}};
}

Message a_prediction(std::string source = "mic") {
  Prediction prediction;
  prediction.source = std::move(source);
  prediction.labels = dog_and_rain();
  prediction.scores = {0.25F, 0.75F};
  return prediction;
}

struct Server {
  explicit Server(StreamSettings with = settings(), const StreamFacts& of = facts())
      : stream(std::move(with), of, counters, utc) {}
  StreamClient client(int receive_buffer = 0) { return StreamClient(stream.port(), receive_buffer); }
  /// A client that has read its hello: what is published from now on is for it.
  StreamClient listener() {
    StreamClient client(stream.port());
    client.message("hello");
    return client;
  }

  Counters counters;
  UtcClock utc;
  StreamServer stream;
};

std::uint64_t seq_of(const boost::json::object& message) {
  return message.at("seq").to_number<std::uint64_t>();
}

}  // namespace

TEST_CASE("a client is greeted and hears what is published, in order") {
  Server server;
  StreamClient client = server.client();
  CHECK(client.message().at("type") == "hello");
  server.stream.publish(SourceChange{"mic", SourceState::up, "", {}});
  server.stream.publish(a_prediction());
  server.stream.publish(Gap{"mic", 5, 6, GapReason::overflow, 0});
  for (const auto& [seq, type] : {std::pair{1, "source"}, std::pair{2, "prediction"}, std::pair{3, "gap"}}) {
    const auto message = client.message();
    CHECK(message.at("seq") == seq);
    CHECK(message.at("type") == type);
  }
  const auto hello = server.client().message();
  CHECK(hello.at("next_seq") == 4);
  CHECK(hello.at("sources").at(0).at("state") == "up");
}

TEST_CASE("publishers on many threads share one counter without holes, each in its own order") {
  StreamSettings with = settings();
  with.client_buffer_kib = 16 * 1024;  // nobody is too slow
  Server server(with);
  StreamClient client = server.listener();
  constexpr int kThreads = 4;
  constexpr std::uint64_t kEach = 500;
  {
    std::vector<std::jthread> publishers;
    for (int thread = 0; thread < kThreads; ++thread) {
      publishers.emplace_back([&server, thread] {
        for (std::uint64_t i = 0; i < kEach; ++i) {
          server.stream.publish(
              Gap{std::string(1, static_cast<char>('a' + thread)), i, 1, GapReason::overflow, 0});
        }
      });
    }
  }
  std::map<std::string, std::uint64_t> next_of;
  for (std::uint64_t seq = 1; seq <= kThreads * kEach; ++seq) {
    const auto message = client.message("gap");
    REQUIRE(seq_of(message) == seq);
    std::uint64_t& next = next_of[std::string(message.at("source").as_string())];
    REQUIRE(message.at("start_sample").to_number<std::uint64_t>() == next);
    ++next;
  }
}

TEST_CASE("a client that comes back gets what it missed, from the seq it names") {
  Server server;
  for (int i = 0; i < 10; ++i) server.stream.publish(a_prediction());
  StreamClient client = server.client();
  const auto hello = client.message("hello");
  const std::string instance(hello.at("instance").as_string());
  client.send(R"({"type":"subscribe","from_seq":4,"instance":")" + instance + "\"}\n");
  const auto subscribed = client.message("subscribed");
  CHECK(subscribed.at("first_seq") == 4);
  CHECK(subscribed.at("types") == boost::json::parse(R"(["prediction","event","gap","source","clock"])"));
  CHECK(subscribed.at("sources") == boost::json::parse(R"(["mic","porch"])"));
  CHECK(subscribed.at("scores") == "all");
  server.stream.publish(a_prediction());
  for (std::uint64_t seq = 4; seq <= 11; ++seq) CHECK(seq_of(client.message("prediction")) == seq);

  client.send(R"({"type":"subscribe","from_seq":4,"instance":"of another life"})"
              "\n");
  CHECK(client.message("error").at("code") == "wrong_instance");
}

TEST_CASE("replay and live lines meet without a hole or a repetition, while publishing goes on") {
  StreamSettings with = settings();
  with.history = 100000;
  with.client_buffer_kib = 16 * 1024;  // nobody is too slow
  Server server(with);
  constexpr std::uint64_t kMessages = 3000;
  std::jthread publisher([&server] {
    for (std::uint64_t i = 0; i < kMessages; ++i) server.stream.publish(a_prediction());
  });
  for (int round = 0; round < 5; ++round) {
    StreamClient client = server.client();
    client.send("{\"type\":\"subscribe\",\"from_seq\":1,\"scores\":\"none\"}\n");
    client.message("subscribed");
    for (std::uint64_t seq = 1; seq <= kMessages; ++seq) REQUIRE(seq_of(client.message("prediction")) == seq);
  }
}

TEST_CASE("a slow client is told what it lost, others keep receiving") {
  StreamSettings with = settings();
  with.client_buffer_kib = 32;
  Server server(with);
  StreamClient slow = server.client(4096);
  StreamClient brisk = server.listener();
  constexpr std::uint64_t kMessages = 10000;
  for (std::uint64_t seq = 1; seq <= kMessages; ++seq) {
    server.stream.publish(a_prediction());
    REQUIRE(seq_of(brisk.message("prediction")) == seq);
  }
  std::uint64_t next = 1;
  std::uint64_t lost = 0;
  slow.message("hello");
  while (next <= kMessages) {
    const auto message = slow.message();
    if (message.at("type") == "lost") {
      CHECK(message.at("from_seq").to_number<std::uint64_t>() == next);
      const auto to = message.at("to_seq").to_number<std::uint64_t>();
      CHECK(message.at("messages").to_number<std::uint64_t>() == to - next + 1);
      lost += to - next + 1;
      next = to + 1;
    } else if (message.at("type") == "prediction") {
      REQUIRE(seq_of(message) == next);
      ++next;
    }
  }
  CHECK(lost > kMessages / 2);
}

TEST_CASE("a client that closes its sending half goes on receiving, its last line counts") {
  Server server;
  StreamClient client = server.listener();
  client.send(R"({"type":"subscribe","types":["gap"]})");  // no newline
  client.close_sending();
  client.message("subscribed");
  server.stream.publish(a_prediction());
  server.stream.publish(Gap{"mic", 0, 1, GapReason::device, 0});
  CHECK(seq_of(client.message("gap")) == 2);
}

TEST_CASE("clients that came and went at once hold no slot, whatever they had read") {
  StreamSettings with = settings();
  with.heartbeat = 1h;  // nothing else provokes a word from them
  with.max_clients = 4;
  with.connects_at_once = 1000;
  Server server(with);
  for (int i = 0; i < 200; ++i) server.client();
  CHECK(server.client().message().at("type") == "hello");
  for (int i = 0; i < 200; ++i) {
    StreamClient poller = server.client();
    REQUIRE(poller.message().at("type") == "hello");
  }
  for (int i = 0; i < 200; ++i) {
    StreamClient asking = server.client();
    REQUIRE(asking.message().at("type") == "hello");
    asking.send("{\"type\":\"subscribe\",\"types\":[]}\n");
    REQUIRE(asking.message().at("type") == "subscribed");
    asking.close_sending();
  }
  CHECK(server.client().message().at("type") == "hello");
}

TEST_CASE("clients that closed their sending half only keep their slots, and hear what comes") {
  StreamSettings with = settings();
  with.heartbeat = 1h;
  with.max_clients = 4;
  Server server(with);
  std::vector<StreamClient> listeners;
  for (std::size_t i = 0; i < with.max_clients; ++i) {
    listeners.push_back(server.listener());
    listeners.back().close_sending();
    CHECK(listeners.back().message().at("type") == "heartbeat");  // asks whether it still listens
  }
  CHECK(server.client().message().at("code") == "too_many_clients");
  server.stream.publish(a_prediction());
  for (StreamClient& listener : listeners) CHECK(seq_of(listener.message()) == 1);
}

TEST_CASE("a megabyte without a newline gets one error, then the stream goes on") {
  Server server;
  StreamClient client = server.listener();
  CHECK(client.send(std::string(1 << 20, 'x')));
  CHECK(client.message("error").at("code") == "line_too_long");
  CHECK(client.send("\n" + std::string(30000, '[') + "\n{\"type\":\"subscribe\"}\n"));
  CHECK(client.message().at("code") == "bad_json");
  CHECK(client.message().at("type") == "subscribed");
  server.stream.publish(a_prediction());
  CHECK(seq_of(client.message()) == 1);
}

TEST_CASE("a client that asks nonsense and does not read is not read either, and gets every answer later") {
  Server server;
  StreamClient client = server.client(4096);
  const std::string request = std::string(30'000, 'x') + '\n';
  std::string flood;
  while (flood.size() < std::size_t{64} << 20) flood += request;  // more than any socket's buffers
  const std::size_t sent = client.send_until_stuck(flood, 500ms);
  CHECK(sent < flood.size());
  client.message("hello");
  for (std::size_t i = 0; i < sent / request.size(); ++i) {
    REQUIRE(client.message("error").at("code") == "bad_json");
  }
}

TEST_CASE("heartbeats come whatever the filter") {
  StreamSettings with = settings();
  with.heartbeat = 10ms;
  Server server(with);
  server.counters.predictions = 42;
  StreamClient client = server.client();
  client.send("{\"type\":\"subscribe\",\"types\":[]}\n");
  client.message("subscribed");
  const auto beat = client.message("heartbeat");
  CHECK(beat.at("predictions") == 42);
  CHECK(beat.at("clients") == 1);
  CHECK(client.message().at("type") == "heartbeat");
}

TEST_CASE("one client too many is told so, and there is room again when another has left") {
  StreamSettings with = settings();
  with.max_clients = 2;
  Server server(with);
  StreamClient first = server.listener();
  {
    StreamClient second = server.listener();
    StreamClient third = server.client();
    CHECK(third.message().at("code") == "too_many_clients");
    CHECK_FALSE(third.line());
  }
  CHECK(server.client().message().at("type") == "hello");
  server.stream.publish(a_prediction());
  first.message("prediction");
}

TEST_CASE("a client that takes nothing is dropped after the limit, one that reads is kept") {
  StreamSettings with = settings();
  with.stall_limit = 300ms;
  with.heartbeat = 20ms;
  with.client_buffer_kib = 16;
  Server server(with);
  StreamClient stalled = server.client(4096);
  StreamClient kept = server.listener();
  constexpr std::uint64_t kMoreThanBuffersHold = 5000;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < kMoreThanBuffersHold; ++i) server.stream.publish(a_prediction());
  while (kept.message("heartbeat").at("clients") != 1) {
  }
  CHECK(std::chrono::steady_clock::now() - begin >= 300ms);
  server.stream.publish(a_prediction());
  CHECK(seq_of(kept.message("prediction")) == kMoreThanBuffersHold + 1);
}

TEST_CASE("stop lets clients take what is queued, then says bye and closes") {
  Server server;
  StreamClient client = server.listener();
  StreamClient replaying = server.listener();
  constexpr std::uint64_t kMessages = 500;
  for (std::uint64_t i = 0; i < kMessages; ++i) server.stream.publish(a_prediction());
  replaying.send("{\"type\":\"subscribe\",\"from_seq\":1}\n");
  replaying.message("subscribed");
  server.stream.stop("terminated");
  for (std::uint64_t seq = 1; seq <= kMessages; ++seq) REQUIRE(seq_of(client.message("prediction")) == seq);
  const auto bye = client.message();
  CHECK(bye.at("type") == "bye");
  CHECK(bye.at("reason") == "terminated");
  CHECK_FALSE(client.line());
  CHECK(replaying.message("bye").at("reason") == "terminated");
  server.stream.publish(a_prediction());  // ignored
}

TEST_CASE("stop waits for a client that does not read no longer than its grace") {
  StreamSettings with = settings();
  with.history = 0;
  Server server(with);
  StreamClient never = server.client(4096);
  for (int i = 0; i < 5000; ++i) server.stream.publish(a_prediction());
  const auto begin = std::chrono::steady_clock::now();
  server.stream.stop("terminated", 300ms);
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took >= 300ms);
  CHECK(took < 5s);
}

TEST_CASE("a port in use is named, with the reason") {
  Server server;
  StreamSettings same = settings();
  const Endpoint taken{"127.0.0.1", server.stream.port()};
  same.listen = {taken};
  try {
    Server second(same);
    FAIL("two servers on one port");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::unavailable);
    CHECK(std::string(error.what()).find(taken.text()) != std::string::npos);
    CHECK(std::string(error.what()).find("in use") != std::string::npos);
  }
}

TEST_CASE("the stream is served over IPv6, and to both families on [::]") {
  StreamSettings with = settings();
  with.listen = {Endpoint{"::", 0}};
  with.allow = {parse_network("192.0.2.0/24").value()};
  Server server(with);
  CHECK(server.client().message().at("type") == "hello");  // 127.0.0.1 arrives as a mapped address
}

TEST_CASE("who asks for all scores of hundreds of labels gets every line at the default buffer, past ones too") {
  constexpr std::size_t kLabels = 521;
  constexpr int kHeld = 300;  // 5 MB of lines, twenty buffers
  constexpr int kLive = 200;
  constexpr int kSourcesAtOnce = 4;
  StreamFacts many = facts();
  many.labels.clear();
  for (std::size_t i = 0; i < kLabels; ++i) many.labels.push_back("a label of usual length " + std::to_string(i));
  Server server(settings(), many);
  Prediction prediction;
  prediction.source = "mic";
  prediction.labels = std::make_shared<const std::vector<std::string>>(many.labels);
  for (std::size_t i = 0; i < kLabels; ++i) prediction.scores.push_back(0.1234567F / static_cast<float>(i + 1));
  for (int i = 0; i < kHeld; ++i) server.stream.publish(prediction);
  StreamClient client = server.listener();
  client.send("{\"type\":\"subscribe\",\"scores\":\"all\",\"from_seq\":1}\n");
  client.message("subscribed");
  std::uint64_t expected = 1;
  const auto read = [&] {
    auto message = client.message();
    while (message.at("type") == "heartbeat") message = client.message();
    REQUIRE(message.at("type") == "prediction");  // no "lost"
    CHECK(seq_of(message) == expected++);
    CHECK(message.at("scores").as_object().size() == kLabels);
  };
  for (int i = 0; i < kHeld; ++i) read();
  for (int i = 0; i < kLive; ++i) {
    for (int source = 0; source < kSourcesAtOnce; ++source) server.stream.publish(prediction);
    for (int source = 0; source < kSourcesAtOnce; ++source) read();
  }
}

}  // namespace earshot::test
