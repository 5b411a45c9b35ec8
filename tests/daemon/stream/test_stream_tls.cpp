// The stream beyond loopback: TLS and a token, and what those who have neither cost the others.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/stream/StreamServer.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/NetworkOfItsOwn.h"
#include "tests/daemon/TlsClient.h"
#include "tests/support/Skip.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kTlsPort = 20'557;
constexpr const char* kLan = "10.0.0.1";

const StreamFacts& tls_facts() {
  static const StreamFacts facts{"esc10", "", {"dog"}, false, 1, 1, 1, {{"mic", "microphone"}}};
  return facts;
}

/// A server on loopback, plain, and beyond it by TLS.
struct OpenDoor {
  explicit OpenDoor(StreamSettings settings) : stream(std::move(settings), tls_facts(), counters, utc) {}

  StreamClient near() const { return StreamClient(Endpoint{"127.0.0.1", kTlsPort}); }
  TlsClient far(const std::string& from = "10.0.0.2", int version = 0) const {
    return TlsClient(StreamClient(Endpoint{kLan, kTlsPort}, 0, from), version);
  }
  /// One that has said the token.
  TlsClient known(const std::string& from = "10.0.0.2") const {
    TlsClient client = far(from);
    client.say_token(kToken);
    return client;
  }
  void tell(std::uint64_t position) { stream.publish(Gap{"mic", position, 1, GapReason::device, 0}); }

  Counters counters;
  UtcClock utc;
  StreamServer stream;
};

StreamSettings open_settings(const TlsFiles& files) {
  StreamSettings settings;
  settings.listen = {Endpoint{"127.0.0.1", kTlsPort}, Endpoint{kLan, kTlsPort}};
  settings.tls = files.settings();
  settings.tls_limits.refusal = 5ms;
  settings.tls_limits.failures_at_once = 1e6;
  return settings;
}

}  // namespace

TEST_CASE("beyond loopback a client says its token before it hears hello; then all is as anywhere") {
  const NetworkOfItsOwn network;
  if (!network.there()) return skip("a network namespace takes root's rights");
  const TlsFiles files;
  OpenDoor door(open_settings(files));
  StreamClient plain = door.near();
  CHECK(plain.message().at("type") == "hello");
  TlsClient client = door.far();
  REQUIRE(client.shaken_hands());
  CHECK_FALSE(client.hears_something(50ms));
  client.send("{\"type\":\"auth\",\"token\":\"" + std::string(kToken) +
              "\"}\n{\"type\":\"subscribe\",\"types\":[\"gap\"]}\n");
  CHECK(boost::json::parse(*client.line()).as_object().at("type") == "hello");
  client.message("subscribed");
  door.tell(7);
  CHECK(client.message("gap").at("start_sample") == 7);
  client.close_sending();  // and goes on hearing
  door.tell(8);
  CHECK(client.message("gap").at("start_sample") == 8);
  door.stream.stop("over");
  CHECK(client.message("bye").at("reason") == "over");
  CHECK_FALSE(client.line());
}

TEST_CASE("a plain client of the TLS address hears nothing, and allow still restricts where it is given") {
  const NetworkOfItsOwn network;
  if (!network.there()) return skip("a network namespace takes root's rights");
  LogLines log;
  const TlsFiles files;
  StreamSettings settings = open_settings(files);
  settings.allow = {*parse_network("10.0.0.2")};
  OpenDoor door(settings);
  StreamClient plain(Endpoint{kLan, kTlsPort}, 0, "10.0.0.2");
  plain.send("{\"type\":\"subscribe\"}\n");
  while (const auto line = plain.line()) CHECK(line->find("hello") == std::string::npos);
  CHECK_FALSE(door.far("10.0.0.3").shaken_hands());
  CHECK(log.await("client 10.0.0.3 turned away: it is in no network of allow") == 1);
  CHECK(door.known().message("hello").at("server") == "earshotd");
}

TEST_CASE(
    "a thousand wrong tokens, scans and stalls take nobody's place, and a client misses nothing meanwhile") {
  const NetworkOfItsOwn network;
  if (!network.there()) return skip("a network namespace takes root's rights");
  LogLines log;
  const TlsFiles files;
  StreamSettings settings = open_settings(files);
  settings.max_clients = 2;
  settings.tls_limits.failures_at_once = 50;
  settings.tls_limits.failures_per_s = 50;
  OpenDoor door(settings);
  StreamClient hearer = door.near();
  hearer.message("hello");
  std::atomic<bool> attacked = false;
  std::jthread telling([&] {
    for (std::uint64_t i = 0; !attacked; ++i) {
      door.tell(i);
      std::this_thread::sleep_for(1ms);
    }
    door.stream.publish(ClockStep{});
  });
  std::uint64_t heard = 0;
  bool all_in_order = true;
  std::jthread hearing([&] {
    for (auto message = hearer.message(); message.at("type") != "clock"; message = hearer.message()) {
      if (message.at("type") == "heartbeat") continue;
      all_in_order = all_in_order && message.at("type") == "gap" &&
                     message.at("start_sample").to_number<std::uint64_t>() == heard;
      ++heard;
    }
  });
  std::vector<StreamClient> stalled;
  for (int i = 0; i < 100; ++i) stalled.emplace_back(Endpoint{kLan, kTlsPort}, 0, "10.0.0.9");
  for (int i = 0; i < 1000; ++i) {
    TlsClient client = door.far("10.0.1." + std::to_string(i % 4));
    if (client.shaken_hands()) client.say_token("a wrong token of enough bytes");
    if (client.shaken_hands() && i % 2 == 0) CHECK(client.line());
  }
  CHECK(door.known().message("hello").at("server") == "earshotd");  // the second place
  attacked = true;
  hearing.join();
  CHECK(all_in_order);
  CHECK(heard > 100);
  for (const char* kind :
       {"did not say the right token", "too many have yet", "failed more often", "left before"})
    CHECK(log.count(kind) <= 3);  // at once, and one a minute
}

TEST_CASE("another certificate and token hold from the reload on, and who is connected stays") {
  const NetworkOfItsOwn network;
  if (!network.there()) return skip("a network namespace takes root's rights");
  TlsFiles files;
  StreamSettings settings = open_settings(files);
  OpenDoor door(settings);
  TlsClient early = door.known();
  early.message("hello");
  files.write("another token.of-27-bytes!!");
  CHECK_THROWS(files.identity());
  files.write_token("another-token-of-27-bytes!!");
  settings.tls = files.settings();
  door.stream.change(settings, tls_facts());
  early.message("hello");
  TlsClient old = door.known();
  CHECK(old.message("error").at("code") == "unauthorized");
  TlsClient fresh = door.far();
  fresh.say_token("another-token-of-27-bytes!!");
  fresh.message("hello");
  // Without the table it is plain again, for those whom allow lets in.
  settings.tls.reset();
  settings.allow = {*parse_network("10.0.0.0/8")};
  door.stream.change(settings, tls_facts());
  early.message("hello");
  fresh.message("hello");
  StreamClient plain(Endpoint{kLan, kTlsPort}, 0, "10.0.0.2");
  CHECK(plain.message().at("type") == "hello");
}

TEST_CASE("clients by TLS have places as others do, and are told when there is none") {
  const NetworkOfItsOwn network;
  if (!network.there()) return skip("a network namespace takes root's rights");
  const TlsFiles files;
  StreamSettings settings = open_settings(files);
  settings.max_clients = 2;
  OpenDoor door(settings);
  {
    TlsClient first = door.known();
    first.message("hello");
    TlsClient second = door.known();  // of the same machine
    CHECK(second.message("error").at("code") == "too_many_from_address");
    TlsClient third = door.known("10.0.0.3");
    third.message("hello");
    TlsClient fourth = door.known("10.0.0.4");
    CHECK(fourth.message("error").at("code") == "too_many_clients");
  }
  for (const char* from : {"10.0.0.2", "10.0.0.3"}) {
    // That those before are gone is known a moment later.
    bool in = false;
    for (int tries = 0; tries < 100 && !in; ++tries) {
      TlsClient client = door.known(from);
      in = boost::json::parse(*client.line()).as_object().at("type") == "hello";
      if (!in) std::this_thread::sleep_for(20ms);
    }
    CHECK(in);
  }
}

}  // namespace earshot::test
