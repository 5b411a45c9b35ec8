// The real earshotd while the machine's clock is set, and after the machine has slept.
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/daemon/BookCheck.h"
#include "tests/daemon/Daemon.h"
#include "tests/daemon/Speaker.h"
#include "tests/support/Skip.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using boost::json::object;
using std::chrono::nanoseconds;

#ifdef EARSHOT_CLOCK_STEP
constexpr const char* kClockStep = EARSHOT_CLOCK_STEP;
#else
constexpr const char* kClockStep = nullptr;
#endif

/// The clocks of a daemon that is given environment().
class MachineClocks {
 public:
  MachineClocks() { set(0ns, 0ns); }
  std::vector<std::string> environment() const {
    return {std::string("LD_PRELOAD=") + kClockStep, "EARSHOT_CLOCK_STEP=" + file().string()};
  }
  void set(nanoseconds utc, nanoseconds boot) {
    const std::array<std::int64_t, 2> steps{utc.count(), boot.count()};
    std::fstream stream(file(), std::ios::binary | std::ios::out |
                                    (std::filesystem::exists(file()) ? std::ios::in : std::ios::trunc));
    stream.write(reinterpret_cast<const char*>(steps.data()), sizeof steps);
    stream.flush();
  }

 private:
  std::filesystem::path file() const { return directory_ / "steps"; }
  TemporaryDirectory directory_;
};

bool cannot_set_clocks() {
  if (kClockStep) return false;
  skip("a library that sets clocks does not go with a sanitizer's");
  return true;
}

/// A daemon that hears one sender, and what it tells of it.
class ClockedDaemon {
 public:
  ClockedDaemon()
      : daemon_(live_source("porch", 16'000), clocks.environment(), "/dev/null", small_yamnet()),
        client_(daemon_.connect()),
        talk_([speaker = Speaker(daemon_.connect_sender("porch"), 16'000)](std::stop_token stop) mutable {
          while (!stop.stop_requested()) speaker.speak(50ms);
        }) {
    check_.take(client_.message("hello"));
    client_.send("{\"type\":\"subscribe\",\"from_seq\":1}\n");
  }
  object next(std::string_view type) {
    for (;;) {
      object message = client_.message();
      check_.take(message);
      if (message.at("type").as_string() == type) return message;
    }
  }
  std::string end() {
    daemon_.child().send_signal(SIGTERM);
    if (daemon_.child().wait() != 0) return daemon_.child().err();
    while (const auto line = client_.line()) check_.take(boost::json::parse(*line).as_object());
    return check_.problems();
  }

  MachineClocks clocks;

 private:
  Daemon daemon_;
  StreamClient client_;
  BookCheck check_;
  std::jthread talk_;
};

/// How far the time of a prediction is ahead of this process' clock, in seconds.
double ahead_s(const object& prediction) {
  std::tm parts{};
  const std::string text(prediction.at("time").as_string());
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  const double s =
      static_cast<double>(::timegm(&parts)) + std::strtod(("0" + std::string(rest)).c_str(), nullptr);
  return s - std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

TEST_CASE(
    "when the machine's clock is set, the stream says so and times follow, backwards too; positions do not "
    "move") {
  if (cannot_set_clocks()) return;
  ClockedDaemon daemon;
  object before = daemon.next("prediction");
  CHECK(ahead_s(before) == Approx(0.0).margin(5.0));
  double set_s = 0.0;
  for (const double to_s : {3'600.0, -7'200.0}) {
    daemon.clocks.set(std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(to_s)), 0ns);
    CHECK(daemon.next("clock").at("step_s").to_number<double>() == Approx(to_s - set_s).margin(0.1));
    set_s = to_s;
    daemon.next("prediction");  // which may have been under way
    CHECK(ahead_s(daemon.next("prediction")) == Approx(to_s).margin(5.0));
  }
  CHECK(daemon.end() == "");  // no gap that is none, no position twice
}

TEST_CASE("what a machine slept is a gap as long, and times are right after it") {
  if (cannot_set_clocks()) return;
  ClockedDaemon daemon;
  daemon.next("prediction");
  daemon.clocks.set(1h, 1h);
  object gap = daemon.next("gap");
  while (gap.at("samples").to_number<double>() < 16'000.0 * 60) gap = daemon.next("gap");  // of a busy machine
  CHECK(gap.at("reason") == "network");
  CHECK(gap.at("samples").to_number<double>() / 16'000 == Approx(3'600.0).margin(5.0));
  daemon.next("prediction");
  CHECK(ahead_s(daemon.next("prediction")) == Approx(3'600.0).margin(5.0));
  CHECK(daemon.end() == "");
}

}  // namespace earshot::test
