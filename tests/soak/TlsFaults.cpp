// Clients by TLS: they come and go, stall, say a wrong token, and stall in the handshake.
#include <stdexcept>
#include <thread>

#include <boost/json.hpp>

#include "tests/daemon/TlsClient.h"
#include "tests/soak/Fault.h"
#include "tests/soak/Sequence.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;
using test::StreamClient;
using test::TlsClient;
using Clock = std::chrono::steady_clock;

constexpr auto kTokenLimit = 10s;  // whoever has said none by then is closed
constexpr auto kTolerance = 5s;
// Who fails does so from another address than who does not: it is held against that.
constexpr const char* kGuest = "10.0.0.2";
constexpr const char* kStranger = "10.0.0.3";

StreamClient dial(Household& household, const char* from, int receive_buffer = 0) {
  return StreamClient(household.outlets().tls().value(), receive_buffer, from);
}

/// One that is let in, and has everything.
TlsClient guest(Household& household, int receive_buffer = 0) {
  TlsClient client(dial(household, kGuest, receive_buffer));
  if (!client.shaken_hands()) throw std::runtime_error("no handshake");
  client.say_token(test::kToken);
  client.message("hello");
  client.send("{\"type\":\"subscribe\",\"scores\":\"all\"}\n");
  client.message("subscribed");
  return client;
}

void read_for(TlsClient& client, std::chrono::milliseconds time) {
  Sequence sequence;
  for (const auto until = Clock::now() + time; Clock::now() < until || !sequence.begun();) {
    const auto line = client.line();
    if (!line) throw std::runtime_error("the stream has ended");
    sequence.take(boost::json::parse(*line).as_object());
  }
}

void come_and_go(Household& household, KeyedRandom& random) {
  TlsClient client = guest(household);
  read_for(client, some_time(random, 0.5, 5.0));
}

void stall(Household& household, KeyedRandom& random) {
  TlsClient client = guest(household, 4096);
  std::this_thread::sleep_for(some_time(random, 5.0, 25.0));
  read_for(client, 3s);
}

void say_wrong_token(Household& household, KeyedRandom&) {
  TlsClient client(dial(household, kStranger));
  if (!client.shaken_hands()) throw std::runtime_error("no handshake");
  client.say_token("a token that is none of this daemon's");
  const auto line = client.line();
  if (!line || boost::json::parse(*line).at("code").as_string() != "unauthorized")
    throw std::runtime_error("a wrong token is answered " + line.value_or("by nothing"));
  if (client.line()) throw std::runtime_error("who says a wrong token is told more");
}

// Having said nothing, or a part of what a client says first.
void stall_in_handshake(Household& household, KeyedRandom& random) {
  constexpr std::string_view kBegun("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  StreamClient client = dial(household, kStranger);
  client.send(kBegun.substr(0, random.below(kBegun.size() + 1)));
  const auto begun = Clock::now();
  if (client.line(kTokenLimit + kTolerance))
    throw std::runtime_error("who has not shaken hands is told something");
  if (Clock::now() - begun < kTokenLimit - kTolerance) throw std::runtime_error("closed too early");
}

}  // namespace

std::vector<Victim> tls_faults(Household& household) {
  if (!household.outlets().tls()) return {};
  return {{"client by TLS",
           200ms,
           {client_fault(household, "client by TLS comes and goes", 6s, come_and_go),
            client_fault(household, "client by TLS stalls", 29s, stall)}},
          {"stranger",
           1s,
           {client_fault(household, "stranger says a wrong token", 3s, say_wrong_token),
            client_fault(household, "stranger stalls in the handshake", 15s, stall_in_handshake)}}};
}

}  // namespace earshot::soak
