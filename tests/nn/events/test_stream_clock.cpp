// StreamClock: positions to moments, without drift and without rounding that adds up.
#include <chrono>

#include <catch2/catch.hpp>

#include "nn/events/StreamClock.h"

namespace earshot::test {

using namespace std::chrono_literals;

TEST_CASE("a recording's time is its start plus the position") {
  const UtcTime start{1'700'000'000s};
  const StreamClock clock(44'100, start);
  CHECK(clock.time_of(0) == start);
  CHECK(clock.time_of(220'500) == start + 5s);
  CHECK(clock.time_of(1) == start + 22us);
  CHECK(clock.time_of(44'100ULL * 86'400 * 365) == start + 86'400s * 365);
}

TEST_CASE("a live source's time follows what it heard last, before and after that sample") {
  StreamClock clock(16'000, UtcTime{0s});
  clock.heard(32'000, UtcTime{100s});
  CHECK(clock.time_of(32'000) == UtcTime{100s});
  CHECK(clock.time_of(16'000) == UtcTime{99s});
  CHECK(clock.time_of(40'000) == UtcTime{100s + 500ms});
}

}  // namespace earshot::test
