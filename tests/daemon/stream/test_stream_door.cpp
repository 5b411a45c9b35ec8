// Who gets in, through real sockets: several listeners, both families, Unix sockets, and those who are too
// many.
#include <linux/filter.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/stream/StreamServer.h"
#include "dsp/base/Error.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/NetworkOfItsOwn.h"
#include "tests/daemon/StreamClient.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

StreamSettings on(std::vector<SocketAddress> addresses) {
  StreamSettings settings;
  settings.listen = std::move(addresses);
  return settings;
}

/// A server, and the door to it.
struct Door {
  explicit Door(StreamSettings settings)
      : stream(std::move(settings), {"esc10", "", {"dog"}, false, 1, 1, 1, {{"mic", "microphone"}}},
               counters, utc) {}
  StreamClient client(const std::string& host, const std::string& from = "") const {
    return StreamClient(Endpoint{host, stream.port()}, 0, from);
  }

  Counters counters;
  UtcClock utc;
  StreamServer stream;
};

Message a_gap() {
  return Gap{"mic", 0, 1, GapReason::device, 0};
}

/// "hello", or the code of the error in its place.
std::string welcome(StreamClient& client) {
  const auto message = client.message();
  const bool hello = message.at("type") == "hello";
  return std::string(hello ? "hello" : message.at("code").as_string());
}

/// From now on what the server sends does not arrive, and nothing says so: as if its machine had vanished.
/// Whether this user may: newer kernels want CAP_NET_ADMIN.
bool vanish(const StreamClient& client) {
  sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{1, &drop_all};
  if (::setsockopt(client.socket(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0) return true;
  REQUIRE(errno == EPERM);
  return false;
}

}  // namespace

TEST_CASE("a server listens on several addresses at once, and tells where") {
  const TemporaryDirectory directory;
  const UnixPath path{(directory / "earshot.sock").string()};
  Door door(on({path, Endpoint{"127.0.0.1", 0}, Endpoint{"127.0.0.2", 0}}));
  const std::string place = door.stream.listening_on();
  CHECK(place.starts_with("127.0.0.1:" + std::to_string(door.stream.port()) + ", 127.0.0.2:"));
  CHECK(place.ends_with(", " + path.text()));
  const auto second =
      static_cast<std::uint16_t>(std::stoi(place.substr(place.rfind(':', place.rfind(", ")) + 1)));
  std::vector<StreamClient> clients;
  clients.push_back(door.client("127.0.0.1"));
  clients.emplace_back(Endpoint{"127.0.0.2", second});
  clients.emplace_back(path);
  for (StreamClient& client : clients) CHECK(welcome(client) == "hello");
  door.stream.publish(a_gap());
  for (StreamClient& client : clients) CHECK(client.message("gap").at("seq") == 1);
  door.stream.stop("over");
  for (StreamClient& client : clients) CHECK(client.message("bye").at("reason") == "over");
  CHECK_FALSE(std::filesystem::exists(path.path));
}

TEST_CASE("where one of several addresses cannot be had, none is kept") {
  const TemporaryDirectory directory;
  const UnixPath path{(directory / "earshot.sock").string()};
  const Door other(on({Endpoint{"127.0.0.1", 0}}));
  CHECK_THROWS_WITH(Door(on({path, Endpoint{"127.0.0.1", other.stream.port()}})),
                    Catch::Matchers::Contains("in use"));
  CHECK_FALSE(std::filesystem::exists(path.path));
}

TEST_CASE(
    "a client over a Unix socket asks, closes its sending half and is missed when it is gone, as any other") {
  const TemporaryDirectory directory;
  const UnixPath path{(directory / "earshot.sock").string()};
  StreamSettings settings = on({path});
  settings.heartbeat = 1h;
  settings.max_clients = 1;
  Door door(settings);
  CHECK(door.stream.port() == 0);
  {
    StreamClient client(path);
    CHECK(welcome(client) == "hello");
    client.send("{\"type\":\"subscribe\",\"types\":[\"gap\"]}\n");
    client.close_sending();
    client.message("subscribed");
    door.stream.publish(a_gap());
    CHECK(client.message("gap").at("seq") == 1);
    StreamClient second(path);
    CHECK(welcome(second) == "too_many_clients");
  }
  StreamClient next(path);
  CHECK(welcome(next) == "hello");
}

TEST_CASE("the stream is served over IPv6") {
  std::optional<Door> door;
  try {
    door.emplace(on({Endpoint{"::1", 0}}));
  } catch (const Error&) {
    return skip("this machine has no IPv6");
  }
  CHECK(door->stream.listening_on() == "[::1]:" + std::to_string(door->stream.port()));
  StreamClient client = door->client("::1");
  CHECK(welcome(client) == "hello");
}

TEST_CASE("one machine beyond loopback gets half of the places, in either family") {
  const NetworkOfItsOwn network;
  if (!network.there()) return skip("no network namespace may be made here");
  StreamSettings settings = on({Endpoint{"::", 0}});
  settings.allow = {parse_network("10.0.0.0/8").value(), parse_network("fd00::/16").value()};
  settings.max_clients = 6;
  const Door door(settings);
  std::vector<StreamClient> inside;
  const auto answer = [&](const char* to, const char* from) {
    inside.push_back(door.client(to, from));
    return welcome(inside.back());
  };
  for (int i = 0; i < 3; ++i) CHECK(answer("10.0.0.1", "10.0.0.7") == "hello");
  CHECK(answer("10.0.0.1", "10.0.0.7") == "too_many_from_address");
  CHECK(answer("fd00:0:0:1::1", "fd00:0:0:1::1") == "hello");
  CHECK(answer("fd00:0:0:1::1", "fd00:0:0:1::2") == "hello");
  CHECK(answer("10.0.0.1", "10.0.0.8") == "hello");
  CHECK(answer("10.0.0.1", "10.0.0.7") == "too_many_clients");
  CHECK(answer("127.0.0.1", "127.0.0.1") == "too_many_clients");
}

TEST_CASE(
    "of the network in which it is reached each address is a machine, of another network of IPv6 all are") {
  const NetworkOfItsOwn network;
  if (!network.there()) return skip("no network namespace may be made here");
  StreamSettings settings = on({Endpoint{"::", 0}});
  settings.allow = {parse_network("fd00::/16").value()};
  settings.max_clients = 4;
  const char* const one = "fd00:0:0:1::1";
  const char* const other = "fd00:0:0:1::2";
  for (const auto& [reached, answer] :
       {std::pair(one, "hello"), std::pair("fd00:0:0:2::1", "too_many_from_address")}) {
    const Door door(settings);
    std::vector<StreamClient> inside;
    for (int i = 0; i < 2; ++i) {
      inside.push_back(door.client(reached, one));
      CHECK(welcome(inside.back()) == "hello");
    }
    inside.push_back(door.client(reached, other));
    CHECK(welcome(inside.back()) == answer);
    inside.push_back(door.client(reached, one));
    CHECK(welcome(inside.back()) == "too_many_from_address");
  }
}

TEST_CASE("strangers are turned away without a word, and with one line in the log, however many there are") {
  const NetworkOfItsOwn network;
  if (!network.there()) return skip("no network namespace may be made here");
  const LogLines log;
  StreamSettings settings = on({Endpoint{"::", 0}});
  settings.allow = {parse_network("10.0.1.0/24").value(), parse_network("fd00:0:0:1::/64").value()};
  const Door door(settings);
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(door.client("10.0.0.1", "10.0.2.7").line());
    CHECK_FALSE(door.client("10.0.0.1", "10.0.2.8").line());
    CHECK_FALSE(door.client("fd00:0:0:2::1", "fd00:0:0:2::1").line());
  }
  CHECK(log.count("turned away: it is in no network of allow") == 1);
  StreamClient v4 = door.client("10.0.0.1", "10.0.1.7");
  CHECK(welcome(v4) == "hello");  // arrives at [::] as a mapped address
  StreamClient v6 = door.client("fd00:0:0:1::1", "fd00:0:0:1::2");
  CHECK(welcome(v6) == "hello");
}

TEST_CASE("who connects too often is told so, the log says it once and how often at the end, others get in") {
  const TemporaryDirectory directory;
  const UnixPath path{(directory / "earshot.sock").string()};
  const LogLines log;
  StreamSettings settings = on({Endpoint{"127.0.0.1", 0}, path});
  settings.connects_at_once = 5;
  settings.connects_per_s = 0.001;
  settings.max_clients = 2;
  Door door(settings);
  for (int i = 0; i < 5; ++i) door.client("127.0.0.1");
  std::vector<StreamClient> turned_away;
  for (int i = 0; i < 100; ++i) turned_away.push_back(door.client("127.0.0.1"));
  for (StreamClient& each : turned_away) {
    CHECK(welcome(each) == "connecting_too_often");
    CHECK_FALSE(each.line());
  }
  StreamClient other(path);
  CHECK(welcome(other) == "hello");
  door.stream.stop("over");
  CHECK(log.count("127.0.0.1 turned away: it connects more often") == 2);
  CHECK(log.count("(the last of 99 such lines)") == 1);
}

TEST_CASE("a client that tries again in a tight loop leaves room for another of its machine") {
  StreamSettings settings = on({Endpoint{"127.0.0.1", 0}});
  settings.connects_at_once = 4;
  settings.connects_per_s = 20;
  settings.max_clients = 2;
  Door door(settings);
  std::atomic<bool> turned_away = false;
  const std::jthread loop([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      StreamClient client = door.client("127.0.0.1");
      if (welcome(client) == "connecting_too_often") turned_away = true;
    }
  });
  while (!turned_away) std::this_thread::sleep_for(1ms);
  int tries = 1;
  for (; tries < 30; ++tries) {
    StreamClient client = door.client("127.0.0.1");
    if (welcome(client) == "hello") break;
    std::this_thread::sleep_for(50ms);
  }
  CHECK(tries < 30);
}

TEST_CASE("a place is free again when a client's machine has vanished, though nothing is sent to it") {
  StreamSettings settings = on({Endpoint{"127.0.0.1", 0}});
  settings.stall_limit = 2s;
  settings.heartbeat = 1h;
  settings.max_clients = 1;
  Door door(settings);
  StreamClient vanished = door.client("127.0.0.1");
  CHECK(welcome(vanished) == "hello");
  if (!vanish(vanished)) return skip("this user may not let packets of a TCP socket vanish");
  std::string answer = "too_many_clients";
  for (int i = 0; i < 90 && answer == "too_many_clients"; ++i) {
    std::this_thread::sleep_for(200ms);
    StreamClient next = door.client("127.0.0.1");
    answer = welcome(next);
  }
  CHECK(answer == "hello");
}

TEST_CASE("clients that are turned away because all places are taken make one line in the log") {
  const LogLines log;
  StreamSettings settings = on({Endpoint{"127.0.0.1", 0}});
  settings.max_clients = 1;
  settings.connects_at_once = 1000;
  Door door(settings);
  for (int i = 0; i < 50; ++i) {
    StreamClient first = door.client("127.0.0.1");
    CHECK(welcome(first) == "hello");
    StreamClient second = door.client("127.0.0.1");
    CHECK(welcome(second) == "too_many_clients");
  }
  CHECK(log.count("turned away: 1 are connected") == 1);
}

}  // namespace earshot::test
