// UtcClock: moments follow UTC, forward and back, and a correction is told once.
#include <atomic>
#include <chrono>

#include <catch2/catch.hpp>

#include "daemon/hearing/UtcClock.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

std::atomic<std::int64_t> utc_set_us{0};  // by how much the test's clock was set

UtcTime clock_of_test() {
  return UtcClock::system_now() + std::chrono::microseconds(utc_set_us.load());
}

}  // namespace

TEST_CASE("a moment is what the machine's clock says of it, now and an hour ago") {
  UtcClock utc;
  const auto now = BootClock::now();
  CHECK(std::chrono::abs(utc.at(now) - UtcClock::system_now()) < 1s);
  CHECK(utc.at(now) - utc.at(now - 1h) == 1h);
}

TEST_CASE("when the clock is set moments follow, backwards too, and the step is told once") {
  utc_set_us = 0;
  UtcClock utc(clock_of_test);
  const auto moment = BootClock::now();
  const UtcTime before = utc.at(moment);
  CHECK(utc.take_step_s() == 0.0);
  utc_set_us = 3'600'000'000;
  CHECK(std::chrono::abs(utc.at(moment) - before - 1h) < 10ms);
  CHECK(utc.take_step_s() == Approx(3'600.0).margin(0.01));
  CHECK(utc.take_step_s() == 0.0);
  utc_set_us = -5'000'000;
  CHECK(utc.take_step_s() == Approx(-3'605.0).margin(0.01));
  CHECK(std::chrono::abs(utc.at(moment) - before + 5s) < 10ms);
}

TEST_CASE("a clock that is slewed is followed, and no step") {
  utc_set_us = 0;
  UtcClock utc(clock_of_test);
  const auto moment = BootClock::now();
  const UtcTime before = utc.at(moment);
  for (int i = 1; i <= 20; ++i) {
    utc_set_us = 5'000 * i;
    utc.at(moment);
  }
  CHECK(std::chrono::abs(utc.at(moment) - before - 100ms) < 5ms);
  CHECK(utc.take_step_s() == 0.0);
}

}  // namespace earshot::test
