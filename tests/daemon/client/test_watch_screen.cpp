// The screen of `earshot watch`, without a terminal.
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/client/WatchScreen.h"
#include "dsp/base/DisplayWidth.h"
#include "tests/daemon/client/WatchedStream.h"

namespace earshot::test {
namespace {

using Rows = std::vector<std::string>;

Rows screen_of(const WatchState& state, std::size_t columns, std::size_t rows, bool colour = false,
               bool unicode = false) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  return watch_screen(state, {columns, rows, colour, unicode}, kWatchedMidnight + 300.0);
}

/// A voice after quiet, a source that is down, a heartbeat of today's contract.
WatchedStream evening() {
  WatchedStream stream;
  stream.tell(R"({"type":"source","source":"porch","state":"down","detail":"connection refused"})");
  for (int t = 1; t <= 130; ++t) stream.predict(t, {}, -70.0, true);
  for (int t = 131; t <= 142; ++t) stream.predict(t, {"Speech", "Music"}, -24.0);
  stream.tell(R"({"type":"heartbeat","uptime_s":3725,"dropped_samples":16000,"clients":2,"sources":[)"
              R"({"name":"mic","state":"up","lag_s":0.6,"skipped_windows":7}]})");
  return stream;
}

}  // namespace

TEST_CASE("the screen has a row per source, the log below, and a footer, in 80 columns") {
  const Rows rows = screen_of(evening().state, 80, 12);
  CHECK(rows == Rows{
                    "127.0.0.1:7557  earshotd 1.2, model yamnet, 2 labels                   00:05:00",
                    "",
                    "source  level        dBFS  heard now                                 for    lag",
                    "mic     ######----  -24.0  Speech 75 %, Music                       12 s  0.6 s",
                    "porch   ----------         down: connection refused                            ",
                    "",
                    "00:00:00  porch   down: connection refused",
                    "00:00:00  mic     quiet for 2 min 10 s",
                    "00:02:10  mic     Speech                                        12 s ...",
                    "",
                    "",
                    "dropped 1.0 s   skipped 7 windows   2 clients   up 1 h 02 min",
                });
}

TEST_CASE("bars are blocks where the locale has them, colours are there only if asked for") {
  const WatchedStream stream = evening();
  for (const std::string& row : screen_of(stream.state, 80, 12)) CHECK(row.find('\x1b') == std::string::npos);
  const Rows painted = screen_of(stream.state, 80, 12, true, true);
  CHECK_THAT(painted[3], Catch::Matchers::Contains("\x1B[32m\u2588\u2588"));
  CHECK_THAT(painted[3], Catch::Matchers::Contains("\x1B[1mSpeech"));
  CHECK_THAT(painted[4], Catch::Matchers::Contains("\x1B[33mdown"));
}

TEST_CASE("what is only guessed has a question mark, a gated source is quiet, both since when") {
  WatchedStream stream;
  stream.predict(1, {});
  stream.predict(2, {});
  const std::string guessed = screen_of(stream.state, 80, 12)[3];
  CHECK_THAT(guessed, Catch::Matchers::Contains("Wind? 25 %") && Catch::Matchers::Contains("2.0 s"));
  stream.predict(3, {}, -80.0, true);
  const std::string quiet = screen_of(stream.state, 80, 12)[3];
  CHECK_THAT(quiet, Catch::Matchers::Contains(" quiet ") && Catch::Matchers::Contains("3.0 s"));
}

TEST_CASE("a long label is cut, its score is not") {
  WatchedStream stream;
  stream.predict(1, {"Vehicle horn, car horn, honking, and what else there is in a street"}, -20.0);
  CHECK_THAT(screen_of(stream.state, 80, 12)[3], Catch::Matchers::Contains("Vehicle horn, car horn, hon... 75 %"));
}

TEST_CASE("no row is wider than the screen, and there are never more than it has, however small it is") {
  WatchedStream stream = evening();
  stream.tell(R"({"type":"source","state":"up","source":)"
              R"("\u72ac\u306e\u5420\u3048\u58f0\u72ac\u306e\u5420\u3048\u58f0\u001b[2J"})");
  for (int i = 0; i < 9; ++i)
    stream.tell(R"({"type":"source","source":"room )" + std::to_string(i) + R"(","state":"up"})");
  for (const std::size_t columns : {200U, 80U, 66U, 50U, 40U, 30U, 20U, 8U, 2U, 1U}) {
    for (const std::size_t rows : {50U, 24U, 12U, 8U, 6U, 5U, 4U, 3U, 2U, 1U}) {
      const Rows drawn = screen_of(stream.state, columns, rows, true, true);
      INFO(columns << " x " << rows);
      CHECK(drawn.size() <= rows);
      for (const std::string& row : drawn) {
        CHECK(display_width(row) <= std::max<std::size_t>(columns, 2) - 1);
        CHECK(row.find("\x1b[2J") == std::string::npos);
      }
    }
  }
}

TEST_CASE("sources that do not fit are counted, and the log keeps three rows beside them") {
  WatchedStream stream;
  for (int i = 1; i < 20; ++i)
    stream.tell(R"({"type":"source","source":"room )" + std::to_string(i) + R"(","state":"up"})");
  const Rows rows = screen_of(stream.state, 80, 14);
  REQUIRE(rows.size() == 14);
  CHECK_THAT(rows[3], Catch::Matchers::Contains("mic"));
  CHECK(rows[8] == "and 15 more sources");
  CHECK_THAT(rows[12], Catch::Matchers::Contains("room 19  up"));
  CHECK_THAT(rows[13], Catch::Matchers::Contains("dropped nothing"));
}

TEST_CASE("a screen without a connection says why") {
  WatchedStream stream = evening();
  stream.state.lost_connection(0.0, "127.0.0.1:7557: Connection refused; trying again");
  CHECK_THAT(screen_of(stream.state, 80, 12)[0],
             Catch::Matchers::StartsWith("127.0.0.1:7557: Connection refused; trying again"));
  CHECK_THAT(screen_of(WatchState("host:1"), 80, 12)[0], Catch::Matchers::Contains("connecting"));
}

TEST_CASE("lengths are said as people say them") {
  CHECK(duration_text(-1.0) == "0.0 s");
  CHECK(duration_text(3.44) == "3.4 s");
  CHECK(duration_text(9.96) == "10 s");
  CHECK(duration_text(59.4) == "59 s");
  CHECK(duration_text(125.0) == "2 min 05 s");
  CHECK(duration_text(1500.0) == "25 min");
  CHECK(duration_text(3725.0) == "1 h 02 min");
  CHECK(duration_text(273600.0) == "3 d 04 h");
  CHECK(duration_text(std::nan("")).empty());
}

}  // namespace earshot::test
