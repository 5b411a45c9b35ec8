// MicrophoneSource on a device that the test plays: overflow, lag, death and stop, between two real threads.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/MicrophoneSource.h"
#include "daemon/capture/SourceThreads.h"
#include "tests/daemon/SourceRig.h"
#include "tests/daemon/capture/ScriptedCapture.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr int kRateHz = 44'100;  // the model's: positions are samples
constexpr std::uint64_t kHop = 22'016;

// A microphone that runs; `sink` is watched from the first message on by `on_message`.
struct Microphone {
  explicit Microphone(std::uint64_t hop_samples = kHop, std::function<void(const Message&)> on_message = nullptr)
      : rig(hop_samples, &opener) {
    rig.sink.on_message = std::move(on_message);
    opener.plug(device);
    source = std::make_unique<MicrophoneSource>(
        SourceSettings{
            .name = "mic", .channel = {}, .gain_db = 0.0, .level_dbfs = {}, .kind = MicrophoneSettings{}},
        MicrophoneSettings{}, rig.context);
    threads.emplace([] {});
  }
  void start() { threads->start(std::move(source)); }

  SourceChange change(std::size_t index) const { return rig.sink.await<SourceChange>(index + 1).at(index); }

  ScriptedOpener opener;
  std::shared_ptr<ScriptedDevice> device = std::make_shared<ScriptedDevice>(kRateHz);
  SourceRig rig;
  std::unique_ptr<SourceTask> source;  // until it starts
  std::optional<SourceThreads> threads;
};

std::vector<float> block(std::size_t samples) { return std::vector<float>(samples, 0.25F); }

// Holds the classify thread at its first window, as a slow network does.
class Hold {
 public:
  explicit Hold(Microphone& microphone) {
    microphone.rig.sink.on_message = [state = state_](const Message& message) {
      if (std::holds_alternative<Prediction>(message)) state->reached = true;
      while (state->reached && !state->ended) std::this_thread::sleep_for(1ms);
    };
  }
  ~Hold() { end(); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  void await() const {
    ScriptedDevice::wait_until([this] { return state_->reached.load(); });
  }
  void end() { state_->ended = true; }

 private:
  struct State {
    std::atomic<bool> reached{false};
    std::atomic<bool> ended{false};
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();  // the source may outlive this
};

}  // namespace

TEST_CASE("a microphone is up with its first samples, and its windows follow each other without a hole") {
  Microphone microphone;
  microphone.start();
  CHECK(microphone.change(0).state == SourceState::starting);
  const std::vector<float> tenth = block(kRateHz / 10);
  for (int i = 0; i < 61; ++i) microphone.device->play_and_wait(tenth);
  CHECK(microphone.change(1).state == SourceState::up);
  CHECK(microphone.change(1).detail == std::string(ScriptedOpener::kDevice) + " at 44100 Hz");
  const std::vector<Prediction> windows = microphone.rig.sink.await<Prediction>(3);
  REQUIRE(windows.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(windows[i].start_sample == i * kHop);
  CHECK(microphone.rig.sink.all<Gap>().empty());
  CHECK(microphone.threads->stop(5s).empty());
  CHECK(microphone.rig.sink.all<SourceChange>().back().end_sample == 61 * kRateHz / 10);
  CHECK(microphone.device->closed);
}

TEST_CASE("what the driver lost is a gap of that length at that place") {
  Microphone microphone;
  microphone.start();
  microphone.device->play_and_wait(block(10'000));
  const auto lost_from = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(300ms);
  microphone.device->play_and_wait(block(500), true);
  const std::chrono::duration<double> away = std::chrono::steady_clock::now() - lost_from;
  const std::vector<Gap> gaps = microphone.rig.sink.await<Gap>(1);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].reason == GapReason::overflow);
  CHECK(gaps[0].start_sample == 10'000);
  CHECK(static_cast<double>(gaps[0].samples) >= 0.3 * kRateHz - 500.0);
  CHECK(static_cast<double>(gaps[0].samples) <= away.count() * kRateHz + 0.1 * kRateHz);
  CHECK(microphone.threads->stop(5s).empty());
  CHECK(microphone.rig.sink.all<SourceChange>().back().end_sample == 10'000 + gaps[0].samples + 500);
}

TEST_CASE("what does not fit into the ring is a gap, too, and nothing of it is heard twice") {
  Microphone microphone;
  Hold hold(microphone);
  microphone.start();
  microphone.device->play(block(SourceRig::kWindow));
  hold.await();
  std::uint64_t played = SourceRig::kWindow;
  const std::vector<float> second = block(kRateHz);
  for (int i = 0; i < 20; ++i, played += kRateHz) microphone.device->play(second);
  hold.end();
  microphone.device->await_heard();
  microphone.device->play_and_wait(block(100));  // the last hole shows once something follows
  std::uint64_t lost = 0;
  for (const Gap& gap : microphone.rig.sink.all<Gap>()) lost += gap.samples;
  CHECK(lost >= 5 * kRateHz);
  CHECK(microphone.threads->stop(5s).empty());
  CHECK(microphone.rig.sink.all<SourceChange>().back().end_sample == played + 100);
}

TEST_CASE("a device that fails is down, by name; when it is back the gap is as long as the clock says") {
  Microphone microphone;
  microphone.start();
  microphone.device->play_and_wait(block(10'000));
  microphone.device->alive = false;
  const SourceChange down = microphone.change(2);
  CHECK(down.state == SourceState::down);
  CHECK(down.detail == "device \"" + std::string(ScriptedOpener::kDevice) + "\" no longer delivers");
  CHECK(down.end_sample == 10'000);
  const auto again = std::make_shared<ScriptedDevice>(kRateHz);
  microphone.opener.plug(again);
  ScriptedDevice::wait_until([&] { return microphone.opener.openings >= 2; });
  again->play_and_wait(block(100));
  const std::vector<Gap> gaps = microphone.rig.sink.await<Gap>(1);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].reason == GapReason::device);
  CHECK(gaps[0].start_sample == 10'000);
  CHECK(microphone.change(3).state == SourceState::up);
  CHECK(microphone.opener.wishes().front().hardware.empty());
  CHECK(microphone.opener.wishes().back().hardware == again->hardware);
  CHECK(microphone.threads->stop(5s).empty());
}

TEST_CASE("a device that is open and delivers nothing is down within 3 s, whatever its driver does") {
  Microphone microphone;
  microphone.start();
  microphone.device->play_and_wait(block(1'000));
  const SourceChange down = microphone.change(2);
  CHECK(down.state == SourceState::down);
  CHECK(down.detail.find("has delivered nothing for 2.5 s") != std::string::npos);
  CHECK(microphone.threads->stop(5s).empty());
}

TEST_CASE("a device that takes long to wake is down meanwhile, is not opened anew, and up with its first samples") {
  Microphone microphone;
  microphone.start();
  const SourceChange down = microphone.change(1);
  CHECK(down.state == SourceState::down);
  CHECK(down.detail == "device \"" + std::string(ScriptedOpener::kDevice) + "\" has delivered nothing for 2.5 s");
  std::this_thread::sleep_for(1s);
  CHECK_FALSE(microphone.device->closed);
  microphone.device->play(block(1'000));
  CHECK(microphone.change(2).state == SourceState::up);
  const std::vector<Gap> gaps = microphone.rig.sink.await<Gap>(1);
  REQUIRE(gaps.size() == 1);  // what went by since the start
  CHECK(gaps[0].start_sample == 0);
  CHECK(gaps[0].samples > 3 * kRateHz);
  CHECK(microphone.opener.openings == 1);
  CHECK(microphone.threads->stop(5s).empty());
}

TEST_CASE("a driver that does not answer makes a source down, and up once it does") {
  Microphone microphone;
  microphone.device->answers = false;
  microphone.start();
  const SourceChange down = microphone.change(1);
  CHECK(down.state == SourceState::down);
  CHECK(down.detail == "device \"default\": its driver does not answer");
  microphone.device->answers = true;
  microphone.device->play(block(1'000));
  CHECK(microphone.change(2).state == SourceState::up);
  const std::vector<Gap> gaps = microphone.rig.sink.await<Gap>(1);
  REQUIRE(gaps.size() == 1);  // what went by since the start
  CHECK(gaps[0].start_sample == 0);
  CHECK(microphone.threads->stop(5s).empty());
}

TEST_CASE("an absent device is told once, and asked for again and again") {
  Microphone microphone;
  microphone.opener.plug(nullptr);
  microphone.start();
  ScriptedDevice::wait_until([&] { return microphone.opener.openings >= 4; });
  CHECK(microphone.rig.sink.all<SourceChange>().size() == 2);  // starting, down
  microphone.opener.plug(microphone.device);
  ScriptedDevice::wait_until([&] { return microphone.device->looks > 0; });
  microphone.device->play(block(1'000));
  CHECK(microphone.change(2).state == SourceState::up);
  CHECK(microphone.threads->stop(5s).empty());
}

TEST_CASE("a device that delivers zeros for a minute is stalled, is opened anew, and is up with the first sound") {
  Microphone microphone;
  microphone.start();
  // A minute of zeros in a moment: the test's device says when they came.
  const auto begin = BootClock::now();
  const std::vector<float> second(kRateHz, 0.0F);
  for (int s = 0; s <= 61; ++s) {
    microphone.device->intake.take(second.data(), second.size(), false, begin + std::chrono::seconds(s));
    microphone.device->await_heard();
  }
  const SourceChange stalled = microphone.change(2);
  CHECK(stalled.state == SourceState::stalled);
  CHECK(stalled.detail.find("has delivered only zeros for 60 s") != std::string::npos);
  microphone.device->intake.take(block(1'000).data(), 1'000, false, begin + 62s);
  CHECK(microphone.change(3).state == SourceState::up);
  CHECK(microphone.threads->stop(5s).empty());
}

TEST_CASE("a stop is seen between two windows, though a second of sound waits") {
  std::stop_source stop;
  Microphone microphone(kShortHop, [&](const Message& message) {
    if (std::holds_alternative<Prediction>(message)) stop.request_stop();
  });
  MicrophoneSource source(
      {.name = "mic", .channel = {}, .gain_db = 0.0, .level_dbfs = {}, .kind = MicrophoneSettings{}}, {},
      microphone.rig.context);
  std::jthread thread([&] { source.run(stop.get_token()); });
  microphone.device->play_and_wait(block(SourceRig::kWindow - 10));
  microphone.device->play(block(kRateHz * 9 / 10));  // 77 windows
  thread.join();
  CHECK(microphone.rig.sink.all<Prediction>().size() == 1);
  CHECK(microphone.rig.sink.all<SourceChange>().back().state == SourceState::ended);
  CHECK(microphone.rig.sink.all<SourceChange>().back().end_sample == SourceRig::kWindow);
}

TEST_CASE("a source that does not see a stop is named, with what holds it up") {
  Microphone microphone;
  Hold hold(microphone);
  microphone.start();
  microphone.device->play(block(SourceRig::kWindow));
  hold.await();
  const std::vector<std::string> lines = microphone.threads->stop(50ms);
  hold.end();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "source 'mic' has not ended: it still classifies a window");
  CHECK(microphone.threads->stop(5s).empty());
}

}  // namespace earshot::test
