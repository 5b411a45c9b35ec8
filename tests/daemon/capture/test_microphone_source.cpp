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
    std::vector<std::unique_ptr<Source>> sources;
    sources.push_back(std::make_unique<MicrophoneSource>(SourceSettings{.name = "mic",
                                                                        .channel = {},
                                                                        .gain_db = 0.0,
                                                                        .level_dbfs = {},
                                                                        .kind = MicrophoneSettings{}},
                                                         MicrophoneSettings{}, rig.context));
    threads.emplace(std::move(sources), [] {});
  }
  void start() { threads->start(); }

  SourceChange change(std::size_t index) const { return rig.sink.await<SourceChange>(index + 1).at(index); }

  ScriptedOpener opener;
  std::shared_ptr<ScriptedDevice> device = std::make_shared<ScriptedDevice>(kRateHz);
  SourceRig rig;
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
  ScriptedDevice::wait_until([&] { return microphone.device->intake.ring().waiting() == 0; });
  microphone.device->play_and_wait(block(100));  // the last hole shows once something follows
  std::uint64_t lost = 0;
  for (const Gap& gap : microphone.rig.sink.all<Gap>()) lost += gap.samples;
  CHECK(lost >= 5 * kRateHz);
  CHECK(microphone.threads->stop(5s).empty());
  CHECK(microphone.rig.sink.all<SourceChange>().back().end_sample == played + 100);
}

TEST_CASE("a microphone more than a second behind skips windows, says how many, and catches up") {
  Microphone microphone;
  Hold hold(microphone);
  microphone.start();
  microphone.device->play(block(SourceRig::kWindow));
  hold.await();
  microphone.device->play(block(4 * kRateHz));
  hold.end();
  microphone.device->play_and_wait(block(kRateHz / 2));
  microphone.device->play_and_wait(block(kRateHz / 2));
  microphone.device->play_and_wait(block(kRateHz));
  const std::vector<Gap> gaps = microphone.rig.sink.await<Gap>(1);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].reason == GapReason::overload);
  CHECK(gaps[0].samples == 0);
  CHECK(gaps[0].windows >= 5);  // of the 8 in 4 s, those more than a second ago
  CHECK(gaps[0].windows <= 8);
  CHECK(microphone.threads->stop(5s).empty());
  // Every window was published or is counted: of 11 s of sound, windows of 5 s every 22 016 samples.
  const std::uint64_t all = 1 + 6 * kRateHz / kHop;
  CHECK(microphone.rig.sink.all<Prediction>().size() + gaps[0].windows == all);
}

TEST_CASE("a device that dies is down, by name; when it is back the gap is as long as the clock says") {
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
  ScriptedDevice::wait_until([&] { return microphone.opener.openings == 2; });
  again->play_and_wait(block(100));
  const std::vector<Gap> gaps = microphone.rig.sink.await<Gap>(1);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].reason == GapReason::device);
  CHECK(gaps[0].start_sample == 10'000);
  CHECK(microphone.change(3).state == SourceState::up);
  CHECK(microphone.threads->stop(5s).empty());
}

TEST_CASE("a device that is closed for another microphone's sake opens again and was never down") {
  Microphone microphone;
  microphone.start();
  microphone.device->play_and_wait(block(10'000));
  const auto again = std::make_shared<ScriptedDevice>(kRateHz);
  microphone.opener.plug(again);
  microphone.opener.wants_closed = true;
  ScriptedDevice::wait_until([&] { return microphone.opener.openings == 2; });
  again->play_and_wait(block(100));
  CHECK(microphone.rig.sink.await<Gap>(1).size() == 1);
  CHECK(microphone.threads->stop(5s).empty());
  const std::vector<SourceChange> changes = microphone.rig.sink.all<SourceChange>();
  CHECK(std::none_of(changes.begin(), changes.end(),
                     [](const SourceChange& change) { return change.state == SourceState::down; }));
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
  microphone.opener.hangs = true;
  microphone.start();
  ScriptedDevice::wait_until([&] { return microphone.opener.openings == 1; });
  const std::vector<std::string> lines = microphone.threads->stop(50ms);
  microphone.opener.hangs = false;
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "source 'mic' has not ended: its device's driver does not answer");
  CHECK(microphone.threads->stop(5s).empty());
}

TEST_CASE("a window that takes long is not blamed on a driver") {
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
