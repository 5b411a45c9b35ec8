// CaptureIntake: what a callback does, in the time it has: nothing is allocated, every loss has its length.
#include <chrono>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/CaptureIntake.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("frames are mixed to the mean of all channels, or are one of them") {
  const std::vector<float> stereo{0.5F, 0.25F, -1.0F, 1.0F};
  std::vector<float> out(8);
  CaptureIntake mean(16'000, 2, std::nullopt);
  mean.take(stereo.data(), 2, false, CaptureIntake::Clock::now());
  REQUIRE(mean.ring().pop(out).samples == 2);
  CHECK(out[0] == 0.375F);
  CHECK(out[1] == 0.0F);
  CaptureIntake right(16'000, 2, 2);
  right.take(stereo.data(), 2, false, CaptureIntake::Clock::now());
  REQUIRE(right.ring().pop(out).samples == 2);
  CHECK(out[0] == 0.25F);
  CHECK(out[1] == 1.0F);
}

TEST_CASE("an overflow is as long as the clock says, less what came") {
  CaptureIntake intake(16'000, 1, std::nullopt);
  const auto start = CaptureIntake::Clock::now();
  intake.restart_clock(start);
  const std::vector<float> block(1'600);
  std::vector<float> out(4'000);
  intake.take(block.data(), block.size(), false, start + 100ms);
  intake.take(block.data(), block.size(), true, start + 700ms);
  CHECK(intake.ring().pop(out).samples == 1'600);
  CHECK(intake.ring().pop(out).hole == 16'000 * 6 / 10 - 1'600);
  CHECK(intake.ring().pop(out).samples == 1'600);
  intake.take(block.data(), block.size(), true, start + 701ms);  // at least one was lost
  CHECK(intake.ring().pop(out).hole == 1);
}

TEST_CASE("a device that has delivered nothing for 2 s is not fed") {
  CaptureIntake intake(16'000, 1, std::nullopt);
  const auto start = CaptureIntake::Clock::now();
  intake.restart_clock(start);
  CHECK(intake.is_fed(start + 1'900ms));
  CHECK_FALSE(intake.is_fed(start + 2'100ms));
  const float sample = 0.0F;
  intake.take(&sample, 1, false, start + 2'100ms);
  CHECK(intake.is_fed(start + 4'000ms));
}

TEST_CASE("the callback allocates nothing, whatever it is given, and counts what is no number") {
  CaptureIntake intake(44'100, 2, std::nullopt);
  std::vector<float> block(2 * 5'000, 0.5F);
  block[7] = std::numeric_limits<float>::quiet_NaN();
  const auto now = CaptureIntake::Clock::now();
  const AllocationGuard guard;
  for (int i = 0; i < 200; ++i) intake.take(block.data(), 5'000, i % 3 == 0, now);  // far more than fits
  intake.take(nullptr, 0, true, now);
  const std::size_t count = guard.allocations();
  CHECK(count == 0);
  CHECK(intake.take_bad_samples() == 200);
  CHECK(intake.take_bad_samples() == 0);
}

}  // namespace earshot::test
