// SourceClock: moments despite jitter and drift, and outages whose errors do not add up.
#include <chrono>
#include <cmath>

#include <catch2/catch.hpp>

#include "daemon/hearing/SourceClock.h"
#include "dsp/base/KeyedRandom.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr int kRate = 16'000;
const SourceClock::Time kBegin{1000s};

BootClock::duration seconds(double s) {
  return std::chrono::nanoseconds(std::llround(s * 1e9));
}

double in_seconds(BootClock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// A device that runs `ppm` fast and delivers blocks late by up to `jitter_s`, never early.
class JitteryDevice {
 public:
  JitteryDevice(double ppm, double jitter_s) : rate_hz_(kRate * (1.0 + 1e-6 * ppm)), jitter_s_(jitter_s) {}

  /// For so long, in blocks of 50 ms. Returns the largest error of the moments, from 10 s on.
  double deliver(SourceClock& clock, double for_s) {
    double worst = 0.0;
    const double from_s = heard_s_;
    while (heard_s_ < from_s + for_s) {
      heard_s_ += 0.05;
      position_ += 0.05 * rate_hz_;
      const auto position = static_cast<std::uint64_t>(position_);
      clock.arrive(position, kBegin + seconds(heard_s_ + random_.uniform(0.0, jitter_s_)));
      if (heard_s_ - from_s < 10.0) continue;
      worst = std::max(worst, std::abs(in_seconds(clock.time_of(position) - kBegin) - heard_s_));
    }
    return worst;
  }
  /// Nobody listens; then its first block comes. Returns how long that was by its positions.
  double pause(SourceClock& clock, double for_s) {
    const double before = position_;
    heard_s_ += for_s;
    const auto heard = kBegin + seconds(heard_s_ + random_.uniform(0.0, jitter_s_));
    position_ = static_cast<double>(clock.position_at(heard, static_cast<std::uint64_t>(position_)));
    clock.begin(static_cast<std::uint64_t>(position_), heard);
    return (position_ - before) / rate_hz_;
  }
  /// How far positions are from where a count that never paused would be.
  double slip_s() const { return position_ / rate_hz_ - heard_s_; }

 private:
  double rate_hz_;
  double jitter_s_;
  double heard_s_ = 0.0;
  double position_ = 0.0;
  KeyedRandom random_{5};
};

}  // namespace

TEST_CASE("moments are those when sound was heard, whatever it is late by and however fast the device runs") {
  for (const double ppm : {-300.0, 0.0, 120.0}) {
    SourceClock clock(kRate, kBegin);
    clock.begin(0, kBegin);
    JitteryDevice device(ppm, 0.08);
    CHECK(device.deliver(clock, 600.0) < 0.006);
    REQUIRE(clock.drift_ppm());
    CHECK(*clock.drift_ppm() == Approx(ppm).margin(15.0));
  }
}

TEST_CASE("drift is not told before a minute of sound") {
  SourceClock clock(kRate, kBegin);
  clock.begin(0, kBegin);
  JitteryDevice device(100.0, 0.01);
  device.deliver(clock, 50.0);
  CHECK_FALSE(clock.drift_ppm());
}

TEST_CASE("moments go on at the rate that was measured, until that is forgotten") {
  SourceClock clock(kRate, kBegin);
  clock.begin(0, kBegin);
  JitteryDevice device(1'000.0, 0.01);
  device.deliver(clock, 600.0);
  const std::uint64_t from = 600 * kRate;
  CHECK(in_seconds(clock.time_of(from + 3'600 * kRate) - clock.time_of(from)) == Approx(3'596.4).margin(0.1));
  clock.forget_drift();
  CHECK_FALSE(clock.drift_ppm());
  CHECK(clock.time_of(from + 3'600 * kRate) - clock.time_of(from) == 3'600s);
}

TEST_CASE("after thirty outages positions are where they would be without, within what one outage is off by") {
  SourceClock clock(kRate, kBegin);
  clock.begin(0, kBegin);
  JitteryDevice device(80.0, 0.08);
  device.deliver(clock, 120.0);
  for (int outage = 0; outage < 30; ++outage) {
    device.pause(clock, 20.0 + outage);
    device.deliver(clock, 20.0);
    CHECK(std::abs(device.slip_s()) < 0.1);
  }
}

TEST_CASE("a long outage is measured at the device's rate, not at the nominal one") {
  SourceClock clock(kRate, kBegin);
  clock.begin(0, kBegin);
  JitteryDevice device(200.0, 0.02);
  device.deliver(clock, 1'800.0);
  device.pause(clock, 36'000.0);  // 7.2 s apart at the nominal rate
  CHECK(std::abs(device.slip_s()) < 0.3);
}

TEST_CASE("what a long outage is off by is not in the next ones, however fast the device runs") {
  for (const double ppm : {-5'000.0, -200.0, 50.0, 5'000.0}) {
    INFO(ppm);
    SourceClock clock(kRate, kBegin);
    clock.begin(0, kBegin);
    JitteryDevice device(ppm, 0.02);
    device.deliver(clock, 600.0);
    device.pause(clock, 8 * 3'600.0);
    const double slip_s = device.slip_s();
    for (int outage = 0; outage < 50; ++outage) {
      CHECK(device.deliver(clock, 13.0) < 0.03);
      CHECK(device.pause(clock, 1.0) == Approx(1.0).margin(0.05));
    }
    CHECK(device.slip_s() == Approx(slip_s).margin(0.05));
  }
}

TEST_CASE("nothing is heard after it arrived, and what was held up tells nothing of the clock") {
  SourceClock clock(kRate, kBegin);
  clock.begin(0, kBegin);
  for (std::uint64_t second = 1; second <= 20; ++second) clock.arrive(second * kRate, kBegin + std::chrono::seconds(second));
  clock.pass_over(30 * kRate);
  CHECK(clock.time_of(30 * kRate) == kBegin + 30s);
  clock.arrive(31 * kRate, kBegin + 30500ms);  // half a second early
  CHECK(clock.time_of(31 * kRate) == kBegin + 30500ms);
}

}  // namespace earshot::test
