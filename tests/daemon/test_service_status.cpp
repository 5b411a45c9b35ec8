// What systemd is told of the sources, and how often.
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "daemon/ServiceStatus.h"
#include "dsp/base/Utf8.h"
#include "tests/daemon/Collector.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr std::time_t kNoonish = 1'772'366'580;  // 2026-03-01 12:03 UTC

SourceStatus status_of(const std::string& source, SourceState state, const std::string& detail) {
  return {{source, state, detail, std::nullopt}, kNoonish};
}

struct Told {
  explicit Told(std::chrono::milliseconds interval)
      : status(
            main, next, [this](const std::string& state) { states.push_back(state); }, interval) {}
  void change(const std::string& source, SourceState state, const std::string& detail = "") {
    status.publish(SourceChange{source, state, detail, std::nullopt});
  }

  boost::asio::io_context main;
  Collector next;
  std::vector<std::string> states;
  ServiceStatus status;
};

}  // namespace

TEST_CASE("the status names what is heard, and of the rest why not and since when") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  CHECK(status_line({}) == "hearing nothing");
  CHECK(status_line({status_of("mic", SourceState::up, "card at 48000 Hz"),
                     status_of("garage", SourceState::down, "device \"card\" no longer delivers"),
                     status_of("porch", SourceState::up, "192.168.1.7:40122")}) ==
        "hearing mic, porch; not garage (down since 2026-03-01 12:03: device \"card\" no longer delivers)");
  CHECK(status_line({status_of("porch", SourceState::starting, "listening on 127.0.0.1:7558"),
                     status_of("replay", SourceState::ended, "end of file")}) ==
        "hearing nothing; not porch (starting since 2026-03-01 12:03: listening on 127.0.0.1:7558), replay "
        "(ended "
        "since 2026-03-01 12:03: end of file)");
}

TEST_CASE("the status of many sources is their number, and which of them are not heard") {
  std::vector<SourceStatus> sources;
  for (int i = 0; i < 200; ++i)
    sources.push_back(status_of("barn-" + std::to_string(i), SourceState::up, ""));
  sources[7].last.state = SourceState::down;
  sources[7].last.detail = "it left";
  CHECK(status_line(sources) == "hearing 199 sources; not barn-7 (down since 2026-03-01 12:03: it left)");
}

TEST_CASE("a sender that is forgotten is none of the status") {
  Told told(0ms);
  told.change("mic", SourceState::up);
  told.change("barn-7", SourceState::down, "it left");
  told.status.publish(SourceChange{"barn-7", SourceState::ended, "makes room", 0, true});
  told.main.run();
  CHECK(told.states.back() == "STATUS=hearing mic");
}

TEST_CASE("no detail makes more of the status than one short line of UTF-8") {
  CHECK(status_line({status_of("mic", SourceState::down, "gone\nMAINPID=1")}).find('\n') ==
        std::string::npos);
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string detail(shift, 'x');
    for (int i = 0; i < 600; ++i) detail += "ü";
    const std::string line = status_line({status_of("mic", SourceState::down, detail)});
    CHECK(line.size() <= 1'000);
    CHECK(line.size() > 990);
    CHECK(line.ends_with(" ..."));
    CHECK(repaired_utf8(line) == line);
  }
}

TEST_CASE("changes of sources are told, together if they come together, and passed on") {
  Told told(0ms);
  told.change("mic", SourceState::starting, "opening");
  told.change("mic", SourceState::up, "card");
  told.change("porch", SourceState::up);
  told.main.run();
  CHECK(told.states == std::vector<std::string>{"STATUS=hearing mic, porch"});
  told.status.publish(Prediction{});
  told.main.restart();
  told.main.run();
  CHECK(told.states.size() == 1);
  CHECK(told.next.all<SourceChange>().size() == 3);
}

TEST_CASE("the status is sent at most once an interval, the last one always") {
  constexpr auto kInterval = 200ms;
  Told told(kInterval);
  told.change("mic", SourceState::up);
  told.main.run();
  CHECK(told.states.size() == 1);
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) {
    told.change("mic", i % 2 == 0 ? SourceState::down : SourceState::up);
    told.main.restart();
    told.main.poll();
  }
  told.main.restart();
  told.main.run();
  CHECK(std::chrono::steady_clock::now() - begun > kInterval / 2);
  CHECK(told.states.size() == 2);
  CHECK(told.states.back().starts_with("STATUS=hearing nothing; not mic (down since "));
}

}  // namespace earshot::test
