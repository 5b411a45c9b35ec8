// Clients that come, go, stall, lie, and come back for what they missed.
#include <sys/socket.h>

#include <thread>
#include <utility>

#include <boost/json.hpp>

#include "tests/daemon/StreamClient.h"
#include "tests/soak/Fault.h"
#include "tests/soak/Sequence.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;
using test::StreamClient;
namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr auto kAnswer = 10s;
constexpr const char* kEverything = "{\"type\":\"subscribe\",\"scores\":\"all\"}\n";

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

json::object await_message(StreamClient& client, std::string_view type) {
  const auto deadline = Clock::now() + kAnswer;
  while (Clock::now() < deadline) {
    json::object message = client.message();
    if (message.at("type").as_string() == type) return message;
  }
  fail("no \"" + std::string(type) + "\" in time");
}

void read_for(StreamClient& client, std::chrono::milliseconds time, Sequence& sequence) {
  for (const auto until = Clock::now() + time; Clock::now() < until || !sequence.begun();)
    sequence.take(client.message());
}

void leave(const StreamClient& client, KeyedRandom& random) {
  if (random.below(2) == 0) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(client.socket(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void come_and_go(Household& household, KeyedRandom& random) {
  StreamClient client(household.port());
  await_message(client, "hello");
  constexpr const char* kWishes[]{R"({"type":"subscribe","types":["source","gap"]})",
                                  R"({"type":"subscribe","sources":["loop","pipe"],"scores":"none"})",
                                  R"({"type":"subscribe","from_seq":1,"scores":3})", kEverything};
  client.send(std::string(kWishes[random.below(4)]) + '\n');
  await_message(client, "subscribed");
  for (const auto until = Clock::now() + some_time(random, 0.1, 3.0); Clock::now() < until;) client.message();
  leave(client, random);
}

void stall(Household& household, KeyedRandom& random) {
  StreamClient client(household.port(), 4096);
  await_message(client, "hello");
  client.send(kEverything);
  await_message(client, "subscribed");
  std::this_thread::sleep_for(some_time(random, 5.0, 25.0));
  if (random.below(2) == 0) return leave(client, random);  // having read nothing
  Sequence sequence;
  read_for(client, 3s, sequence);
}

void lie(Household& household, KeyedRandom& random) {
  StreamClient client(household.port());
  await_message(client, "hello");
  const std::pair<std::string, std::string> lies[]{
      {"nonsense", "bad_json"},
      {std::string("{\"type\":\"\0\xff", 11), "bad_json"},
      {"[1]", "bad_request"},
      {"{\"type\":\"steal\"}", "unknown_type"},
      {R"({"type":"subscribe","sources":["nobody"]})", "unknown_source"},
      {R"({"type":"subscribe","from_seq":-1})", "bad_request"},
      {R"({"type":"subscribe","from_seq":1,"instance":"another"})", "wrong_instance"},
      {std::string(70'000, 'x'), "line_too_long"},
      {std::string(1'000'000, '['), "line_too_long"},
      {R"({"type":"subscribe","from_seq":18446744073709551615})", "bad_request"},
  };
  for (int told = 0; told < 5; ++told) {
    const auto& [line, code] = lies[random.below(std::size(lies))];
    client.send(line + '\n');
    const json::object error = await_message(client, "error");
    if (error.at("code").as_string() != code)
      fail(line.substr(0, 60) + " was answered by " + json::serialize(error));
  }
  client.send(kEverything);
  await_message(client, "prediction");
}

void resume(Household& household, KeyedRandom& random) {
  Sequence sequence;
  std::string instance;
  {
    StreamClient before(household.port());
    instance = std::string(await_message(before, "hello").at("instance").as_string());
    read_for(before, some_time(random, 0.5, 2.0), sequence);
    leave(before, random);
  }
  std::this_thread::sleep_for(some_time(random, 0.1, 12.0));
  StreamClient after(household.port());
  await_message(after, "hello");
  after.send("{\"type\":\"subscribe\",\"from_seq\":" + std::to_string(sequence.next()) + ",\"instance\":\"" +
             instance + "\"}\n");
  await_message(after, "subscribed");
  read_for(after, 2s, sequence);
  if (sequence.lost()) fail("what was sent seconds ago is lost");
}

}  // namespace

Fault client_fault(Household& household, std::string name, std::chrono::seconds longest,
                   std::function<void(Household&, KeyedRandom&)> act) {
  return {name, longest, [&household, name, act = std::move(act)](KeyedRandom& random) -> Outcome {
            const std::string instance = household.witness().instance();
            if (instance.empty()) {
              std::this_thread::sleep_for(100ms);
              return {true, {}};
            }
            try {
              act(household, random);
              return {true, {}};
            } catch (const std::exception& error) {
              std::this_thread::sleep_for(500ms);  // the witness may learn of the end later
              if (household.witness().instance() != instance) return {true, {}};
              household.findings().add(name + ": " + error.what());
              return {};
            }
          }};
}

Victim client_faults(Household& household, int number) {
  return {
      "client " + std::to_string(number),
      200ms,
      {client_fault(household, "client comes and goes", 4s, come_and_go),
       client_fault(household, "client stalls", 29s, stall), client_fault(household, "client lies", 10s, lie),
       client_fault(household, "client comes back for what it missed", 17s, resume)}};
}

}  // namespace earshot::soak
