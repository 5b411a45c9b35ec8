// CaptureIntake: what a callback does, in the time it has: nothing is allocated, every loss has its length.
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/CaptureIntake.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

// A callback's side, and what the other side sees.
struct Recorded {
  Recorded(int rate_hz, std::size_t channels, std::optional<int> channel)
      : intake(*memory, rate_hz, channels, channel), ring(memory->indices, memory->cells) {}

  const std::unique_ptr<CaptureMemory> memory = std::make_unique<CaptureMemory>();
  CaptureIntake intake;
  SpscRing ring;
};

}  // namespace

TEST_CASE("frames are mixed to the mean of all channels, or are one of them") {
  const std::vector<float> stereo{0.5F, 0.25F, -1.0F, 1.0F};
  std::vector<float> out(8);
  Recorded mean(16'000, 2, std::nullopt);
  mean.intake.take(stereo.data(), 2, false, CaptureIntake::Clock::now());
  REQUIRE(mean.ring.pop(out).samples == 2);
  CHECK(out[0] == 0.375F);
  CHECK(out[1] == 0.0F);
  Recorded right(16'000, 2, 2);
  right.intake.take(stereo.data(), 2, false, CaptureIntake::Clock::now());
  REQUIRE(right.ring.pop(out).samples == 2);
  CHECK(out[0] == 0.25F);
  CHECK(out[1] == 1.0F);
}

TEST_CASE("an overflow is as long as the clock says, less what came") {
  Recorded device(16'000, 1, std::nullopt);
  const auto start = CaptureIntake::Clock::now();
  device.intake.restart_clock(start);
  const std::vector<float> block(1'600);
  std::vector<float> out(4'000);
  device.intake.take(block.data(), block.size(), false, start + 100ms);
  device.intake.take(block.data(), block.size(), true, start + 700ms);
  CHECK(device.ring.pop(out).samples == 1'600);
  CHECK(device.ring.pop(out).hole == 16'000 * 6 / 10 - 1'600);
  CHECK(device.ring.pop(out).samples == 1'600);
  device.intake.take(block.data(), block.size(), true, start + 701ms);  // at least one was lost
  CHECK(device.ring.pop(out).hole == 1);
}

TEST_CASE("when the last block came is known to the other side before its samples are") {
  Recorded device(16'000, 1, std::nullopt);
  const auto now = CaptureIntake::Clock::now() + 5s;
  const float sample = 0.0F;
  device.intake.take(&sample, 1, false, now);
  REQUIRE(device.ring.waiting() == 1);
  CHECK(std::chrono::nanoseconds(device.memory->last_taken_ns) == now.time_since_epoch());
}

TEST_CASE("the callback allocates nothing, whatever it is given, and counts what is no number") {
  Recorded device(44'100, 2, std::nullopt);
  std::vector<float> block(2 * 5'000, 0.5F);
  block[7] = std::numeric_limits<float>::quiet_NaN();
  const auto now = CaptureIntake::Clock::now();
  const AllocationGuard guard;
  for (int i = 0; i < 200; ++i) device.intake.take(block.data(), 5'000, i % 3 == 0, now);  // far more than fits
  device.intake.take(nullptr, 0, true, now);
  const std::size_t count = guard.allocations();
  CHECK(count == 0);
  CHECK(device.memory->bad_samples == 200);
}

}  // namespace earshot::test
