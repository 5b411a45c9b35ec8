// LiveFeed: what came late in its place, what never came as a gap, what is too much to be live dropped.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/hearing/LiveFeed.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/daemon/SourceRig.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr int kFeedRate = 44'100;  // the model's: positions are samples
const BootClock::time_point kFeedBegin{5000s};

// A sender whose every sample is heard one after the other, with the test's own clock.
class FedSender {
 public:
  explicit FedSender(LiveFeed::Haste haste = LiveFeed::Haste::dropped,
                     std::chrono::milliseconds block = 100ms)
      : rig_(kShortHop),
        pipeline_({.source = "s", .ear = {.gate_dbfs = 0.0}}, rig_.context.hearing, rig_.utc, kFeedBegin,
                  rig_.sink, rig_.counters),
        feed_(pipeline_, GapReason::network, haste),
        block_(block) {
    feed_.begin(kFeedRate, kFeedBegin, false);
  }

  /// Speaks for so long; each block arrives when it is spoken.
  void speak(std::chrono::milliseconds time) {
    for (auto spoken = 0ms; spoken < time; spoken += block_) {
      now_ += block_;
      push(block_);
    }
  }
  /// So much sound arrives at once.
  void burst(std::chrono::milliseconds time) {
    for (auto sent = 0ms; sent < time; sent += block_) {
      now_ += 1ms;
      push(block_);
    }
  }
  void wait(std::chrono::milliseconds time) {
    for (auto waited = 0ms; waited < time; waited += 50ms) {
      now_ += 50ms;
      feed_.tick(now_);
    }
  }
  /// One block in the pieces that a socket gives.
  void push_in_pieces() {
    now_ += block_;
    push(block_ / 2);
    push(block_ / 2);
    feed_.tick(now_ + 50ms);
  }
  LiveFeed& feed() { return feed_; }

  std::vector<Gap> gaps() const { return rig_.sink.all<Gap>(); }
  double position_s() const { return static_cast<double>(pipeline_.position()) / kFeedRate; }
  double clock_s() const { return std::chrono::duration<double>(now_ - kFeedBegin).count(); }
  /// How far the moment of the last sample is from now.
  double late_s() {
    return std::chrono::duration<double>(now_ - pipeline_.clock().time_of(pipeline_.position())).count();
  }
  std::uint64_t dropped() const { return rig_.counters.dropped_samples; }

 private:
  void push(std::chrono::milliseconds time) {
    const std::vector<float> samples(static_cast<std::size_t>(time.count()) * kFeedRate / 1000, 0.1F);
    feed_.push(samples, now_);
  }

  SourceRig rig_;
  Pipeline pipeline_;
  LiveFeed feed_;
  std::chrono::milliseconds block_;
  BootClock::time_point now_ = kFeedBegin;
};

constexpr int kSlowRate = 1'000;  // so that hours cost little

const Model& slow_model() {
  static const Model slow = [] {
    Model model = small_yamnet();
    model.recipe.rate_hz = kSlowRate;
    model.recipe.window_samples = 4 * kSlowRate;
    model.recipe.frame_samples = model.recipe.fft_samples = 64;
    model.recipe.hop_samples = 32;
    model.recipe.mel_bands = 8;
    model.recipe.min_hz = 0.0;
    model.recipe.max_hz = 500.0;
    model.architecture.input = model.recipe.shape();
    return model;
  }();
  return slow;
}

struct Batches {
  double batch_s;  // is sent when its last sample was spoken
  double piece_s;  // comes as so many reads of a socket
  double ppm = 0.0;
  std::function<double(double)> delay_s = [](double) { return 0.0; };  // of a batch that is sent at a moment
};

// A sender whose clock runs fast, and whose batches come late in many ways.
class BatchSender {
 public:
  explicit BatchSender(Batches batches)
      : batches_(std::move(batches)),
        rate_hz_(kSlowRate * (1.0 + batches_.ppm * 1e-6)),
        pipeline_({.source = "s", .ear = {.gate_dbfs = 0.0}}, hearing_of(slow_model(), pool(), 4 * kSlowRate),
                  utc_, kFeedBegin, sink_, counters_),
        feed_(pipeline_, GapReason::network, LiveFeed::Haste::dropped) {
    sink_.on_message = [this](const Message& message) {
      if (const auto* prediction = std::get_if<Prediction>(&message)) compare(prediction->end_sample);
    };
  }

  void speak(double for_s) {
    for (const double until_s = spoken_s_ + for_s; spoken_s_ < until_s;) {
      spoken_s_ += batches_.batch_s;
      const double arrives_s = std::max(now_s_, spoken_s_ + batches_.delay_s(spoken_s_));
      for (int i = 0; i < 20 && now_s_ + 0.05 < arrives_s; ++i) feed_.tick(at(now_s_ += 0.05));
      now_s_ = arrives_s;
      said_ += batches_.batch_s * rate_hz_;
      for (const auto all = static_cast<std::uint64_t>(said_); sent_ < all;) push(all - sent_);
    }
  }
  void be_silent(double for_s) { spoken_s_ += for_s; }
  /// What `time` was off by at most, in all windows from the moment on; without gaps or where they are exact.
  double worst_s(double from_s) const {
    double worst = 0.0;
    for (const auto& [end_s, off_s] : errors_) {
      if (end_s >= from_s) worst = std::max(worst, std::abs(off_s));
    }
    return worst;
  }
  std::vector<Gap> gaps() const { return sink_.all<Gap>(); }
  /// How many samples more than were sent the timeline has.
  std::int64_t ahead() const { return static_cast<std::int64_t>(pipeline_.position() - sent_); }
  /// How far the timeline is ahead of the sender's clock.
  double slip_s() const { return static_cast<double>(pipeline_.position()) / rate_hz_ - spoken_s_; }
  double drift_ppm() { return pipeline_.clock().drift_ppm().value_or(0.0); }

 private:
  static std::shared_ptr<ClassifierPool> pool() {
    static const auto classifiers = one_classifier(slow_model());
    return classifiers;
  }
  static BootClock::time_point at(double moment_s) {
    return kFeedBegin + std::chrono::nanoseconds(std::llround(moment_s * 1e9));
  }
  void push(std::uint64_t most) {
    const auto piece = static_cast<std::uint64_t>(std::max(1.0, batches_.piece_s * kSlowRate));
    const std::vector<float> samples(std::min(most, piece), 0.1F);
    if (sent_ == 0) feed_.begin(kSlowRate, at(now_s_) - duration_of(samples.size(), kSlowRate), false);
    feed_.push(samples, at(now_s_));
    sent_ += samples.size();
  }
  void compare(std::uint64_t end_sample) {
    const double heard_s =
        std::chrono::duration<double>(pipeline_.clock().time_of(end_sample) - kFeedBegin).count();
    const double spoken_s = static_cast<double>(end_sample) / rate_hz_;
    errors_.emplace_back(spoken_s, heard_s - spoken_s);
  }

  Batches batches_;
  double rate_hz_;
  Collector sink_;
  Counters counters_;
  UtcClock utc_;
  Pipeline pipeline_;
  LiveFeed feed_;
  double spoken_s_ = 0.0;
  double said_ = 0.0;
  double now_s_ = 0.0;
  std::uint64_t sent_ = 0;
  std::vector<std::pair<double, double>> errors_;
};

double seconds_of(const Gap& gap) { return static_cast<double>(gap.samples) / kFeedRate; }

}  // namespace

TEST_CASE("a sender that pauses and goes on live: a gap as long as the pause, and positions stay with the clock") {
  FedSender sender;
  sender.speak(3s);
  sender.wait(12s);
  sender.speak(3s);
  REQUIRE(sender.gaps().size() == 1);
  CHECK(sender.gaps()[0].start_sample == 3 * kFeedRate);
  CHECK(seconds_of(sender.gaps()[0]) == Approx(12.0).margin(0.01));
  CHECK(sender.gaps()[0].reason == GapReason::network);
  CHECK(sender.position_s() == Approx(sender.clock_s()).margin(0.01));
  CHECK(sender.late_s() == Approx(0.0).margin(0.01));
}

TEST_CASE("a short pause is a gap, too; what a network delays for less than half a second is none") {
  FedSender sender;
  sender.speak(3s);
  sender.wait(800ms);
  sender.speak(3s);
  REQUIRE(sender.gaps().size() == 1);
  CHECK(seconds_of(sender.gaps()[0]) == Approx(0.8).margin(0.01));
  for (int i = 0; i < 20; ++i) {
    sender.wait(400ms);
    sender.burst(400ms);
    sender.speak(1s);
  }
  CHECK(sender.gaps().size() == 1);
}

TEST_CASE("what was held up fills the pause: no gap, and its moments are those when it was spoken") {
  FedSender sender;
  sender.speak(3s);
  sender.wait(12s);
  sender.burst(12s);
  CHECK(sender.position_s() == Approx(15.0).margin(0.01));
  CHECK(sender.late_s() == Approx(0.12).margin(0.03));  // the burst took that long
  sender.speak(10s);
  CHECK(sender.gaps().empty());
  CHECK(sender.late_s() == Approx(0.0).margin(0.05));
  CHECK(sender.dropped() == 0);
}

TEST_CASE("where only the first part of a pause comes late, it is in its place and the rest is the gap") {
  FedSender sender;
  sender.speak(3s);
  sender.wait(12s);
  sender.burst(5s);
  sender.speak(3s);
  REQUIRE(sender.gaps().size() == 1);
  CHECK(static_cast<double>(sender.gaps()[0].start_sample) / kFeedRate == Approx(8.0).margin(0.001));
  CHECK(seconds_of(sender.gaps()[0]) == Approx(7.05).margin(0.05));
  CHECK(sender.position_s() == Approx(sender.clock_s()).margin(0.1));
}

TEST_CASE("what is more than a pause and two seconds is dropped, counted, and a gap until the clock is there") {
  FedSender sender;
  sender.speak(3s);
  sender.wait(4s);
  sender.burst(12s);
  sender.speak(4s);
  REQUIRE(sender.gaps().size() == 1);
  CHECK(sender.gaps()[0].reason == GapReason::overflow);
  const double dropped_s = static_cast<double>(sender.dropped()) / kFeedRate;
  CHECK(dropped_s > 5.0);
  CHECK(dropped_s < 7.5);
  CHECK(sender.late_s() == Approx(0.0).margin(0.1));
  CHECK(sender.position_s() < sender.clock_s() + 2.5);
}

TEST_CASE("a sender in a hurry is heard in parts, and positions keep to the clock") {
  FedSender sender;
  for (int i = 0; i < 300; ++i) sender.burst(10s);  // 50 minutes in 30 s
  CHECK(sender.position_s() < 3.2 * sender.clock_s() + 3.0);
  CHECK(sender.dropped() > std::uint64_t{2'000} * kFeedRate);
  CHECK(sender.gaps().size() <= static_cast<std::size_t>(sender.clock_s()) + 1);
}

TEST_CASE("what was dropped when a sender leaves is counted, too") {
  FedSender sender;
  sender.burst(8s);
  CHECK(sender.dropped() == 0);  // not yet told
  sender.feed().end();
  CHECK(static_cast<double>(sender.dropped()) / kFeedRate == Approx(6.0).margin(0.2));
  CHECK(sender.gaps().size() == 1);
}

TEST_CASE("a sender that speaks in long blocks pauses like any other") {
  FedSender sender(LiveFeed::Haste::dropped, 1000ms);
  for (int i = 0; i < 8; ++i) sender.push_in_pieces();
  sender.wait(6s);
  for (int i = 0; i < 8; ++i) sender.push_in_pieces();
  REQUIRE(sender.gaps().size() == 1);
  CHECK(sender.gaps()[0].start_sample == 8 * kFeedRate);
  CHECK(seconds_of(sender.gaps()[0]) == Approx(6.0).margin(0.01));
  CHECK(sender.late_s() == Approx(0.0).margin(0.01));
}

TEST_CASE("late sound is not kept waiting for what never comes") {
  FedSender sender;
  sender.speak(3s);
  sender.wait(5s);
  sender.burst(100ms);
  CHECK(sender.position_s() == Approx(3.0).margin(0.01));
  sender.wait(600ms);
  CHECK(sender.gaps().size() == 1);
  CHECK(sender.position_s() == Approx(8.0).margin(0.05));
}

TEST_CASE("late sound is heard when its sender leaves, and the next one's positions go on with the clock") {
  FedSender sender;
  sender.speak(3s);
  sender.wait(5s);
  sender.burst(100ms);
  sender.feed().end();
  CHECK(sender.gaps().size() == 1);
  CHECK(sender.position_s() == Approx(8.0).margin(0.05));
  sender.wait(2s);
  sender.feed().begin(kFeedRate, kFeedBegin + 12s, false);
  REQUIRE(sender.gaps().size() == 2);
  CHECK(sender.position_s() == Approx(12.0).margin(0.05));
}

TEST_CASE("no window spans two senders, however fast the first one sent") {
  FedSender sender(LiveFeed::Haste::welcome);
  sender.burst(60s);
  sender.feed().end();
  sender.feed().begin(kFeedRate, kFeedBegin + 600ms, false);
  REQUIRE(sender.gaps().size() == 1);
  CHECK(sender.gaps()[0].samples == 1);
}

TEST_CASE("a device that is ahead of the clock at first loses nothing") {
  FedSender device(LiveFeed::Haste::impossible);
  device.burst(8s);
  device.speak(3s);
  CHECK(device.gaps().empty());
  CHECK(device.position_s() == Approx(11.0).margin(0.01));
}

TEST_CASE("a sender that is welcome may pause and hurry: nothing is a gap") {
  FedSender sender(LiveFeed::Haste::welcome);
  sender.burst(60s);
  sender.wait(20s);
  sender.burst(60s);
  CHECK(sender.gaps().empty());
  CHECK(sender.position_s() == Approx(120.0).margin(0.01));
}

TEST_CASE("in whatever batches and pieces live sound comes, none is missing and its moments are right") {
  for (const double batch_s : {0.02, 0.25, 0.5, 1.0, 2.0, 6.0}) {
    for (const double piece_s : {0.5, 0.17, 0.04}) {
      for (const double ppm : {-1'000.0, -100.0, 0.0, 100.0, 1'000.0}) {
        INFO("batches of " << batch_s << " s in pieces of " << piece_s << " s, " << ppm << " ppm");
        KeyedRandom random(1);
        const auto delay = [&](double) { return 0.2 * std::pow(random.uniform(), 3.0); };
        BatchSender sender({batch_s, piece_s, ppm, delay});
        sender.speak(batch_s < 0.1 ? 600.0 : 7'200.0);
        // The first batches are ahead of the clock by their length, of which two seconds may be.
        const std::vector<Gap> gaps = sender.gaps();
        if (batch_s <= 2.0) CHECK(gaps.empty());
        CHECK(std::all_of(gaps.begin(), gaps.end(), [&](const Gap& gap) {
          return gap.reason == GapReason::overflow &&
                 static_cast<double>(gap.start_sample) < 2.5 * batch_s * kSlowRate;
        }));
        CHECK(sender.ahead() == 0);
        CHECK(sender.worst_s(4 * batch_s) < 0.25);
        CHECK(sender.drift_ppm() == Approx(ppm).margin(40.0));
      }
    }
  }
}

TEST_CASE("after two hundred pauses positions are with the sender's clock, and its drift is known") {
  for (const double batch_s : {0.05, 1.0}) {
    KeyedRandom random(2);
    BatchSender sender({batch_s, 0.17, 100.0, [&](double) { return random.uniform(0.0, 0.08); }});
    for (int pause = 0; pause < 200; ++pause) {
      sender.speak(60.0);
      sender.be_silent(5.0);
    }
    sender.speak(60.0);
    CHECK(sender.gaps().size() == 200);
    CHECK(sender.slip_s() == Approx(0.0).margin(0.08 + 200 * 0.006 * batch_s));
    CHECK(sender.drift_ppm() == Approx(100.0).margin(25.0));
  }
}

TEST_CASE("an uplink that is busy now and then costs no sound, and says nothing of the sender's clock") {
  // 300 ms more for ten seconds in twenty; it fills fast and drains slowly.
  const auto delay = [](double moment_s) {
    const double phase_s = std::fmod(moment_s, 20.0);
    return phase_s < 10.0 ? 0.3 : std::max(0.0, 0.3 - 0.15 * (phase_s - 10.0));
  };
  BatchSender sender({0.05, 0.05, 50.0, delay});
  sender.speak(7'200.0);
  CHECK(sender.gaps().empty());
  CHECK(sender.worst_s(0.0) < 0.35);
  CHECK(sender.drift_ppm() == Approx(50.0).margin(50.0));
}

}  // namespace earshot::test
