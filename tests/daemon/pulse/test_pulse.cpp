// Which threads come round, as somebody sees it who looks once a round.
#include <memory>
#include <thread>

#include <catch2/catch.hpp>

#include "daemon/pulse/Pulse.h"
#include "tests/daemon/LogLines.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kStandsStill = "stands still";
constexpr const char* kComesRound = "comes round again";

}  // namespace

TEST_CASE("a thread that stops is named once, and once more when it comes round again") {
  const LogLines log;
  Pulses pulses(2, 15s);
  Pulse lively(&pulses, "the stream server");
  Pulse stops(&pulses, "source 'mic'");
  const auto look_after_beats_of_one = [&] {
    lively.beat();
    return pulses.look();
  };
  stops.beat();
  CHECK(look_after_beats_of_one());
  CHECK(look_after_beats_of_one());
  CHECK(log.count(kStandsStill) == 0);
  for (int i = 0; i < 3; ++i) CHECK_FALSE(look_after_beats_of_one());
  CHECK(log.count(kStandsStill) == 1);
  CHECK(log.count("source 'mic' stands still: its thread has not come round for 30 s") == 1);
  CHECK(log.count(kComesRound) == 0);
  for (int i = 0; i < 3; ++i) {
    stops.beat();
    CHECK(look_after_beats_of_one());
  }
  CHECK(log.count(kComesRound) == 1);
  CHECK(log.count("source 'mic' comes round again, after 60 s") == 1);
}

TEST_CASE("a thread that never comes round at all is noticed") {
  const LogLines log;
  Pulses pulses(2, 15s);
  const Pulse never(&pulses, "source 'mic'");
  CHECK(pulses.look());
  CHECK_FALSE(pulses.look());
}

TEST_CASE("a thread that rests may be silent for as long as it likes, until its next beat") {
  const LogLines log;
  Pulses pulses(2, 15s);
  Pulse pulse(&pulses, "source 'mic'");
  pulse.rest();
  for (int i = 0; i < 5; ++i) CHECK(pulses.look());
  pulse.beat();
  CHECK(pulses.look());
  CHECK(pulses.look());
  CHECK_FALSE(pulses.look());
  CHECK(log.count(kComesRound) == 0);
}

TEST_CASE("of a thread that has ended nothing is expected, even if it had stopped") {
  const LogLines log;
  Pulses pulses(1, 15s);
  auto pulse = std::make_unique<Pulse>(&pulses, "source 'mic'");
  CHECK_FALSE(pulses.look());
  pulse.reset();
  CHECK(pulses.look());
}

TEST_CASE("a pulse that nobody looks at beats all the same") {
  Pulse pulse(nullptr, "source 'mic'");
  pulse.beat();
  pulse.rest();
}

TEST_CASE("threads come, beat and go while somebody looks") {
  const LogLines log;
  Pulses pulses(1'000'000, 1s);
  std::jthread looks([&](std::stop_token stop) {
    while (!stop.stop_requested()) pulses.look();
  });
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        Pulse pulse(&pulses, "source");
        pulse.beat();
        pulse.rest();
      }
    });
  }
  threads.clear();
  looks.request_stop();
  looks.join();
  CHECK(log.count(kStandsStill) == 0);
}

}  // namespace earshot::test
