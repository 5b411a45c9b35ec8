// Places for clients, and how often one may connect.
#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "daemon/stream/Doorkeeper.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using Room = Doorkeeper::Room;

constexpr Doorkeeper::Clock::time_point kStart{1000h};

Peer from(const std::string& address) {
  return {parse_ip(address).value(), std::nullopt, address, address + ":1"};
}
Peer from_neighbour(const std::string& address) {
  Peer peer = from(address);
  peer.is_neighbour = true;
  return peer;
}
Peer from_user(uid_t user) {
  return {parse_ip("127.0.0.1").value(), user, "", ""};
}

StreamSettings places(std::size_t max_clients) {
  StreamSettings settings;
  settings.max_clients = max_clients;
  return settings;
}

/// How many of `times` connections at once are not too often.
int knocks(Doorkeeper& door, const Peer& peer, int times, Doorkeeper::Clock::time_point now = kStart) {
  int heard = 0;
  for (int i = 0; i < times; ++i) heard += door.knock(peer, now) ? 1 : 0;
  return heard;
}

}  // namespace

TEST_CASE("one machine takes half of the places at most, others find the rest") {
  Doorkeeper door(places(5));
  const Peer greedy = from("192.168.1.7");
  CHECK(door.places_of(greedy) == 2);
  for (int i = 0; i < 2; ++i) {
    CHECK(door.room_for(greedy) == Room::free);
    door.enter(greedy);
  }
  CHECK(door.room_for(greedy) == Room::none_for_address);
  CHECK(door.room_for(from("192.168.1.8")) == Room::free);
  door.enter(from("192.168.1.8"));
  door.leave(greedy);
  CHECK(door.room_for(greedy) == Room::free);
}

TEST_CASE("this machine may take all places, and no more") {
  for (const Peer& local : {from("127.0.0.1"), from("::1"), from_user(1000)}) {
    Doorkeeper door(places(3));
    for (int i = 0; i < 3; ++i) {
      CHECK(door.room_for(local) == Room::free);
      door.enter(local);
    }
    CHECK(door.room_for(local) == Room::none);
    CHECK(door.room_for(from("192.168.1.7")) == Room::none);
  }
}

TEST_CASE("where there is one place, any machine may have it") {
  Doorkeeper door(places(1));
  CHECK(door.room_for(from("192.168.1.7")) == Room::free);
  door.enter(from("192.168.1.7"));
  CHECK(door.room_for(from("192.168.1.7")) == Room::none);
}

TEST_CASE("of IPv6 a network of 64 bits counts as one machine, a mapped address as IPv4") {
  Doorkeeper door(places(4));
  door.enter(from("fd00:0:0:1::1"));
  door.enter(from("fd00:0:0:1:ffff::2"));
  CHECK(door.room_for(from("fd00:0:0:1::3")) == Room::none_for_address);
  CHECK(door.room_for(from("fd00:0:0:2::1")) == Room::free);
  door.enter(from("10.0.0.1"));
  CHECK(door.room_for(from("::ffff:10.0.0.2")) == Room::free);  // no network in common
}

TEST_CASE("an IPv6 neighbour counts as a machine, whatever others of its network do") {
  Doorkeeper door(places(4));
  const Peer greedy = from_neighbour("fd00:0:0:1::1");
  const Peer other = from_neighbour("fd00:0:0:1::2");
  for (int i = 0; i < 2; ++i) door.enter(greedy);
  CHECK(door.room_for(greedy) == Room::none_for_address);
  CHECK(door.room_for(other) == Room::free);
  CHECK(knocks(door, greedy, 1000) == 100);
  CHECK(knocks(door, other, 1000) == 100);
}

TEST_CASE("who connects too often waits: a hundred at once, then ten a second") {
  Doorkeeper door(places(10));
  const Peer loop = from("192.168.1.7");
  CHECK(knocks(door, loop, 1000) == 100);
  CHECK(knocks(door, loop, 1000, kStart + 1s) == 10);
  CHECK(knocks(door, loop, 1000, kStart + 1s + 50ms) == 0);
  CHECK(knocks(door, loop, 1000, kStart + 1s + 100ms) == 1);
  CHECK(knocks(door, from("192.168.1.8"), 1000, kStart + 1s) == 100);
  CHECK(knocks(door, loop, 1000, kStart + 1h) == 100);
}

TEST_CASE("all clients of one machine may come at once, and again") {
  Doorkeeper door(places(1000));
  CHECK(knocks(door, from("127.0.0.1"), 5000) == 2000);
  CHECK(knocks(door, from("192.168.1.7"), 5000) == 1000);
}

TEST_CASE("loopback is one that connects, each user of a Unix socket another") {
  Doorkeeper door(places(10));
  CHECK(knocks(door, from("127.0.0.1"), 60) + knocks(door, from("127.0.0.2"), 60) +
            knocks(door, from("::1"), 60) ==
        100);
  CHECK(knocks(door, from_user(1000), 1000) == 100);
  CHECK(knocks(door, from_user(0), 1000) == 100);
}

TEST_CASE("it remembers a bounded number of machines, whoever comes, and those that are there always") {
  Doorkeeper door(places(4));
  const Peer client = from("10.0.0.1");
  knocks(door, client, 1000);
  door.enter(client);
  door.enter(client);
  std::size_t most = 0;
  for (int i = 0; i < 100'000; ++i) {
    door.knock(from("10." + std::to_string(1 + i / 65536) + '.' + std::to_string(i / 256 % 256) + '.' +
                    std::to_string(i % 256)),
               kStart);
    most = std::max(most, door.origins());
  }
  CHECK(most == 4096 + 4);
  CHECK(door.room_for(client) == Room::none_for_address);
  CHECK(knocks(door, client, 1) == 0);
}

}  // namespace earshot::test
