// Who gets through TLS and the token, and what becomes of all others: real OpenSSL clients against a gate on
// loopback.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/net/TlsDoor.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/TlsClient.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

TlsLimits impatient() {
  TlsLimits limits;
  limits.token = 2s;
  limits.refusal = 5ms;
  limits.failures_at_once = 1e6;
  return limits;
}

/// A door with a listener before it, and behind it one who says hello to whoever comes in and then repeats
/// what it hears, up to the end.
class Hall {
 public:
  explicit Hall(TlsLimits limits = impatient()) : listener_(open_listener({"127.0.0.1", 0}, {})) {
    ::fcntl(listener_, F_SETFL, 0);
    door_.emplace(
        "client", limits, [this](Peer, int plain) { greet(plain); }, nullptr);
    acceptor_ = std::jthread([this] {
      for (int socket = 0; (socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        if (auto peer = peer_of(socket)) {
          if (const std::lock_guard lock(mutex_); address_) peer->address = *address_;
          door_->receive(files.identity_now(), *std::move(peer), socket);
        } else {
          ::close(socket);
        }
      }
    });
  }
  ~Hall() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    door_.reset();
    echoes_.clear();
  }

  StreamClient connect() const { return StreamClient(bound_port(listener_)); }
  TlsClient shake(int version = 0) const { return TlsClient(connect(), version); }
  /// One that knows the token gets in.
  bool lets_in() {
    TlsClient client = shake();
    client.say_token(kToken);
    return client.line() == "hello";
  }
  /// As if those who connect from here on were there.
  void seem_to_be_at(const std::string& address) {
    const std::lock_guard lock(mutex_);
    address_ = parse_ip(address);
  }
  void stop(std::chrono::milliseconds grace) { door_->stop(grace); }

  struct Files : TlsFiles {
    std::shared_ptr<const TlsIdentity> identity_now() const { return once; }
    std::shared_ptr<const TlsIdentity> once = identity();
  } files;
  std::atomic<int> entered{0};

 private:
  void greet(int plain) {
    ++entered;
    ::fcntl(plain, F_SETFL, 0);
    echoes_.emplace_back([plain] {
      ::send(plain, "hello\n", 6, MSG_NOSIGNAL);
      char bytes[4096];
      for (ssize_t count = 0; (count = ::recv(plain, bytes, sizeof bytes, 0)) > 0;)
        ::send(plain, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
      ::send(plain, "goodbye\n", 8, MSG_NOSIGNAL);
      ::close(plain);
    });
  }

  int listener_;
  std::mutex mutex_;
  std::optional<IpAddress> address_;
  std::vector<std::jthread> echoes_;  // the door's thread, until that has ended
  std::optional<TlsDoor> door_;
  std::jthread acceptor_;
};

}  // namespace

TEST_CASE("nothing is said before the token; after it what was sent along arrives, both ways, to the end") {
  const int version = GENERATE(0, TLS1_2_VERSION, TLS1_3_VERSION);
  Hall hall;
  TlsClient client = hall.shake(version);
  REQUIRE(client.shaken_hands());
  CHECK_FALSE(client.hears_something(100ms));
  client.send("{\"type\":\"auth\",\"token\":\"" + std::string(kToken) + "\"}\nfirst\n");
  CHECK(client.line() == "hello");
  CHECK(client.line() == "first");
  const std::string much(100'000, 'x');
  std::jthread sending([&] { client.send(much + "\n"); });
  CHECK(client.line() == much);
  sending.join();
  client.close_sending();
  CHECK(client.line() == "goodbye");
  CHECK_FALSE(client.line());
}

TEST_CASE("the token may come in pieces, and the line may have other fields") {
  Hall hall;
  TlsClient client = hall.shake();
  client.send("{\"type\":\"auth\",");
  client.send("\"client\":\"me\",\"token\":\"" + std::string(kToken));
  CHECK_FALSE(client.hears_something(50ms));
  client.send("\"}\n");
  CHECK(client.line() == "hello");
}

TEST_CASE(
    "who says a wrong token, or something else, is told so and nothing more, and nobody's token is logged") {
  LogLines log;
  Hall hall;
  const std::vector<std::string> firsts = {R"({"type":"auth","token":"0123456789abcdef0123456789abcdeX"})",
                                           R"({"type":"auth","token":""})",
                                           R"({"type":"auth"})",
                                           R"({"type":"subscribe"})",
                                           "hello",
                                           "",
                                           R"({"type":"auth","token":17})",
                                           std::string(5000, 'x'),
                                           std::string(200, '[')};
  for (const std::string& first : firsts) {
    INFO(first.substr(0, 80));
    TlsClient client = hall.shake();
    REQUIRE(client.shaken_hands());
    client.send(first + "\n");
    const auto answer = client.line();
    REQUIRE(answer);
    const auto error = boost::json::parse(*answer).as_object();
    CHECK(error.at("type") == "error");
    CHECK(error.at("code") == "unauthorized");
    CHECK(answer->find("0123456789") == std::string::npos);
    CHECK_FALSE(client.line());
  }
  CHECK(hall.entered == 0);
  CHECK(hall.lets_in());
  CHECK(log.count("0123456789") == 0);
  CHECK(log.count("it did not say the right token") == 1);
}

TEST_CASE("one who is sending already hears why it is refused") {
  Hall hall;
  TlsClient client = hall.shake();
  client.say_token("not the right one at all");
  for (int i = 0; i < 50; ++i) client.send(std::string(4096, 's'));
  const auto answer = client.line();
  REQUIRE(answer);
  CHECK(answer->find("unauthorized") != std::string::npos);
}

TEST_CASE("who brings records without end is closed after so many, and keeps nobody waiting") {
  TlsLimits limits = impatient();
  limits.token = limits.farewell = 1h;
  Hall hall(limits);
  TlsClient client = hall.shake(TLS1_3_VERSION);
  REQUIRE(client.shaken_hands());
  bool with_nothing_in_them = GENERATE(false, true);
  if (!with_nothing_in_them) {
    client.say_token("not the right one at all");
    REQUIRE(client.line());
  }
  const int small = 64 * 1024;
  ::setsockopt(client.plain().socket(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  client.keep_what_is_sent();
  constexpr int kMost = 700'000;  // more than the kernel holds for the door
  int sent = 0;
  for (bool is_open = true; is_open && sent < kMost; ++sent) {
    REQUIRE((with_nothing_in_them ? client.renew_key() : client.send("s")));
    if (sent % 1000 == 999) is_open = client.send_kept();
  }
  CHECK(sent < kMost);
  CHECK(hall.lets_in());
}

TEST_CASE("port scans, HTTP, old TLS, noise and wrong tokens by the hundred: a line of the log each kind") {
  LogLines log;
  Hall hall;
  for (int i = 0; i < 200; ++i) hall.connect();
  for (int i = 0; i < 50; ++i) {
    StreamClient http = hall.connect();
    http.send("GET / HTTP/1.1\r\nHost: earshot\r\n\r\n");
    while (const auto answer = http.line()) CHECK(answer->find("hello") == std::string::npos);
  }
  for (int i = 0; i < 20; ++i) CHECK_FALSE(hall.shake(TLS1_1_VERSION).shaken_hands());
  for (int i = 0; i < 50; ++i) {
    TlsClient client = hall.shake();
    client.say_token("a wrong token of enough bytes");
    CHECK(client.line());
  }
  CHECK(hall.entered == 0);
  CHECK(hall.lets_in());
  hall.stop(0ms);
  CHECK(log.count("left before it said a token") <= 2);  // at once, and what the end tells
  CHECK(log.count("left before it said a token") >= 1);
  CHECK(log.count("TLS failed") <= 2);
  CHECK(log.count("TLS failed") >= 1);
  CHECK(log.count("it did not say the right token") <= 2);
  CHECK(log.count("it did not say the right token") >= 1);
  CHECK(log.count("client ") <= 8);
}

TEST_CASE("who stalls in the handshake, or after it, is dropped when its time is over") {
  LogLines log;
  TlsLimits limits = impatient();
  limits.token = 1s;
  Hall hall(limits);
  StreamClient silent = hall.connect();
  StreamClient halting = hall.connect();
  halting.send(std::string("\x16\x03\x01\x02\x00\x01", 6));  // a handshake begins, and goes no further
  TlsClient mute = hall.shake();
  CHECK_FALSE(silent.line());
  CHECK_FALSE(halting.line());
  CHECK_FALSE(mute.line());
  CHECK(log.await("said no token within 1 s") == 1);
  CHECK(hall.lets_in());
}

TEST_CASE(
    "of those who say no token the first goes when there are too many; one who knows it comes in between") {
  LogLines log;
  TlsLimits limits = impatient();
  limits.token = 1h;
  Hall hall(limits);
  std::vector<StreamClient> idle;
  for (std::size_t i = 0; i < 3 * limits.strangers_of_address; ++i) idle.push_back(hall.connect());
  for (std::size_t i = 0; i < 2 * limits.strangers_of_address; ++i) CHECK_FALSE(idle[i].line());
  CHECK(hall.lets_in());
  CHECK(log.count("too many have yet to say a token") == 1);
}

TEST_CASE("who fails too often is closed before its handshake, until it has waited") {
  LogLines log;
  TlsLimits limits = impatient();
  limits.failures_at_once = 5;
  limits.failures_per_s = 2;
  Hall hall(limits);
  int told = 0;
  for (int i = 0; i < 30; ++i) {
    TlsClient client = hall.shake();
    if (!client.shaken_hands()) continue;
    client.say_token("a wrong token of enough bytes");
    told += client.line().has_value();
  }
  CHECK(told >= 5);
  CHECK(told < 25);
  CHECK(log.count("failed more often than 2 times a second") == 1);
  bool in = false;
  for (int tries = 0; tries < 200 && !in; ++tries) {
    TlsClient client = hall.shake();
    in = client.shaken_hands() && client.say_token(kToken) && client.line() == "hello";
    if (!in) std::this_thread::sleep_for(20ms);
  }
  CHECK(in);
}

TEST_CASE("one IPv6 address does not keep its network out, but a network has no more than a few") {
  TlsLimits limits = impatient();
  limits.failures_at_once = 2;
  limits.failures_per_s = 1e-3;
  Hall hall(limits);
  const auto is_met = [&](const std::string& address) {
    hall.seem_to_be_at(address);
    TlsClient client = hall.shake();
    if (!client.shaken_hands()) return false;
    client.say_token("a wrong token of enough bytes");
    CHECK(client.line());
    return true;
  };
  CHECK(is_met("fd00::1"));
  CHECK(is_met("fd00::1"));
  CHECK_FALSE(is_met("fd00::1"));
  hall.seem_to_be_at("fd00::2");
  CHECK(hall.lets_in());
  std::size_t met = 2;
  for (int i = 0x10; i < 0x30; ++i) met += is_met("fd00::" + std::to_string(i));
  CHECK(met == 2 * limits.addresses_of_network);
  CHECK(is_met("fd00:0:0:1::1"));
  CHECK(is_met("10.0.0.1"));
}

TEST_CASE("many who say no token at one IPv6 address leave those of its neighbours alone") {
  TlsLimits limits = impatient();
  limits.token = 1h;
  Hall hall(limits);
  hall.seem_to_be_at("fd00::2");
  TlsClient neighbour = hall.shake();
  hall.seem_to_be_at("fd00::1");
  std::vector<TlsClient> idle;
  for (std::size_t i = 0; i < 2 * limits.strangers_of_address; ++i) idle.push_back(hall.shake());
  for (std::size_t i = 0; i < limits.strangers_of_address; ++i) CHECK_FALSE(idle[i].line());
  neighbour.say_token(kToken);
  CHECK(neighbour.line() == "hello");
}

TEST_CASE(
    "a client that goes without a word is gone for whoever serves it, and one that takes nothing is closed") {
  LogLines log;
  TlsLimits limits = impatient();
  limits.token = 400ms;
  limits.stall = 300ms;
  Hall hall(limits);
  {
    TlsClient client = hall.shake();
    client.say_token(kToken);
    CHECK(client.line() == "hello");
  }  // no close_notify
  TlsClient stuck = hall.shake();
  stuck.say_token(kToken);
  CHECK(stuck.line() == "hello");
  const std::string much(64 * 1024, 'x');
  timeval limit{20, 0};
  ::setsockopt(stuck.plain().socket(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  int sent = 0;
  while (sent < 1000 && stuck.send(much)) ++sent;  // it is sent back, and not taken
  CHECK(sent < 1000);
  CHECK(log.await("closed: it does not take what is sent to it") == 1);
}  // the hall ends once nobody is served any more

}  // namespace earshot::test
