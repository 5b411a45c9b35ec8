// `earshot books`: what people and programs read, and what they may write for a time.
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/client/BooksPage.h"
#include "daemon/client/Since.h"
#include "dsp/base/Error.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr UtcTime kPageNow{1'772'366'580s};  // 2026-03-01 12:03 UTC
const Since kDay{kPageNow - 24h, "of the last 24 h"};

void use_utc() {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
}

UnheardPart part(UtcTime from, microseconds unheard, const std::string& reason,
                 const std::string& detail = "") {
  return {.from = from, .to = from + unheard, .unheard = unheard, .reason = reason, .detail = detail};
}

Books books_with(std::vector<UnheardGap> gaps, UtcTime from = kPageNow - 24h) {
  return {.from = kPageNow - 24h,
          .asked_to = kPageNow,
          .to = kPageNow,
          .began = from - 1h,
          .running = kPageNow - 48h,
          .written = kPageNow,
          .sources = {{.name = "mic",
                       .from = from,
                       .to = kPageNow,
                       .expected = kPageNow - from,
                       .gaps = std::move(gaps)}}};
}

}  // namespace

TEST_CASE("the page says how much was heard, and of each gap when, how long and why") {
  use_utc();
  CHECK(books_page(books_with({}), kDay, "/var/lib/earshot") ==
        "earshotd has been running since 2026-02-27 12:03:00 (books in /var/lib/earshot, from 2026-02-28 "
        "11:03:00 on)\n"
        "\n"
        "mic: heard all of the last 24 h\n");
  const Books gaps =
      books_with({{{part(kPageNow - 23h, 8'100ms, "down", "device \"USB\" no longer delivers")}},
                  {{part(kPageNow - 10h, 3'900ms, "overload")}},
                  {{part(kPageNow - 2h, 50ms, "down", "left"),
                    part(kPageNow - 2h, 70s, std::string(kNotRunning), "SIGTERM"),
                    part(kPageNow - 2h, 3s, "starting", "opening")}},
                  {{part(kPageNow - 400ms, 400ms, std::string(kMachineDown))}, true}});
  CHECK(books_page(gaps, kDay, "b") ==
        "earshotd has been running since 2026-02-27 12:03:00 (books in b, from 2026-02-28 11:03:00 on)\n"
        "\n"
        "mic: heard 23 h 58 min of the last 24 h; not heard 1 min 25 s, in 4 gaps:\n"
        "  2026-02-28 13:03:00       8.1 s  down: device \"USB\" no longer delivers\n"
        "  2026-03-01 02:03:00       3.9 s  classification was too slow\n"
        "  2026-03-01 10:03:00  1 min 13 s  in all:\n"
        "                       1 min 10 s  earshotd was not running: stopped (SIGTERM)\n"
        "                            3.0 s  starting: opening\n"
        "  2026-03-01 12:02:59       0.4 s  the machine was down, or without power, until now\n");
}

TEST_CASE("a source that was there for less, or not heard at all, is told so") {
  use_utc();
  Books books =
      books_with({{{part(kPageNow - 1h, 1h, "starting", "listening\x1b[2J")}, true}}, kPageNow - 1h);
  books.running.reset();
  books.written = kPageNow - 5min;
  CHECK(books_page(books, kDay, "b") ==
        "earshotd is not running; its last sign of life is of 2026-03-01 11:58:00 (books in b, from "
        "2026-03-01 10:03:00 on)\n"
        "\n"
        "mic: heard nothing of 1 h 0 min, from 2026-03-01 11:03:00 to now:\n"
        "  2026-03-01 11:03:00  1 h 0 min  starting: listening\\x1b[2J, until now\n");
  books.sources.clear();
  CHECK(books_page(books, kDay, "b").ends_with("\nNothing of the last 24 h.\n"));
  books.running = kPageNow - 1h;
  CHECK(books_page(books, kDay, "b").find("but could write nothing since 2026-03-01 11:58:00") !=
        std::string::npos);
}

TEST_CASE("of many gaps the longest are shown, in their order, and the rest is counted") {
  use_utc();
  std::vector<UnheardGap> gaps;
  for (int i = 0; i < 100; ++i)
    gaps.push_back({{part(kPageNow - 20h + i * 10min, i % 5 == 0 ? 10s : 1s, "network")}});
  gaps[1].parts[0].stretches = 3;
  gaps[1].parts[0].to = gaps[1].parts[0].from + 4min;
  const std::string page = books_page(books_with(gaps), kDay, "b");
  INFO(page);
  CHECK(page.find("not heard 4 min 40 s, in 102 gaps:\n") != std::string::npos);
  CHECK(std::count(page.begin(), page.end(), '\n') == 3 + 20 + 1);
  CHECK(page.ends_with("  1 min 20 s  in 82 shorter ones\n"));
  gaps.resize(2);
  CHECK(books_page(books_with(gaps), kDay, "b")
            .find("1.0 s  lost on the network, 3 times within 4 min 0 s\n") != std::string::npos);
}

TEST_CASE("what came again and again in one gap is told once, with how often") {
  use_utc();
  UnheardGap gap;
  UtcTime time = kPageNow - 1h;
  for (int i = 0; i < 20; ++i) {
    gap.parts.push_back(part(time, 2s, std::string(kNotRunning)));
    gap.parts.push_back(part(time + 2s, 1s, "starting", "listening"));
    gap.parts.push_back(part(time + 3s, 10ms, "down", "sender " + std::to_string(i)));
    time += 3s + 10ms;
  }
  const std::string page = books_page(books_with({gap}), kDay, "b");
  INFO(page);
  CHECK(
      page.ends_with("in one gap:\n"
                     "  2026-03-01 11:03:00  1 min 0 s  in all:\n"
                     "                          40.0 s  earshotd was not running: it was killed, or crashed, "
                     "20 times within 59.1 s\n"
                     "                          20.0 s  starting: listening, 20 times within 58.1 s\n"));
  gap.parts.clear();
  for (int i = 0; i < 7; ++i)
    gap.parts.push_back(part(kPageNow - 1h + i * 1s, 1s, "down", std::to_string(i)));
  CHECK(books_page(books_with({gap}), kDay, "b")
            .ends_with("  1.0 s  down: 3\n                       3.0 s  for other reasons\n"));
}

TEST_CASE("the document for programs has every gap, exact") {
  std::vector<UnheardGap> gaps;
  for (int i = 0; i < 30; ++i)
    gaps.push_back({{part(kPageNow - 20h + i * 10min, 1'000'001us, "down", "left")}});
  gaps.back().goes_on = true;
  const boost::json::object document = boost::json::parse(books_json(books_with(gaps), "/b")).as_object();
  CHECK(document.at("folder").as_string() == "/b");
  CHECK(document.at("running").as_bool());
  const boost::json::object& mic = document.at("sources").as_array().at(0).as_object();
  CHECK(mic.at("source").as_string() == "mic");
  CHECK(mic.at("unheard_s").to_number<double>() == Approx(30.00003).epsilon(1e-12));
  CHECK(mic.at("heard_s").to_number<double>() == Approx(86'400 - 30.00003).epsilon(1e-12));
  REQUIRE(mic.at("gaps").as_array().size() == 30);
  const boost::json::object& last = mic.at("gaps").as_array().back().as_object();
  CHECK(last.at("goes_on").as_bool());
  CHECK(last.at("from").as_string() == "2026-02-28T20:53:00.000000Z");
  const boost::json::object& why = last.at("parts").as_array().at(0).as_object();
  CHECK(why.at("reason").as_string() == "down");
  CHECK(why.at("detail").as_string() == "left");
  CHECK(why.at("unheard_s").to_number<double>() == 1.000001);
}

TEST_CASE("durations are told as people do, and never more than they are") {
  CHECK(duration_text(0us) == "< 0.1 s");
  CHECK(duration_text(99'999us) == "< 0.1 s");
  CHECK(duration_text(12'499ms) == "12.4 s");
  CHECK(duration_text(59'999ms) == "59.9 s");
  CHECK(duration_text(3min + 12'900ms) == "3 min 12 s");
  CHECK(duration_text(24h - 1us) == "23 h 59 min");
  CHECK(duration_text(52h) == "2 d 4 h");
}

TEST_CASE("a time is so long ago, or a date, or a date and a time of day") {
  ::setenv("TZ", "Europe/Berlin", 1);
  ::tzset();
  CHECK(parse_since("24h", kPageNow).moment == kPageNow - 24h);
  CHECK(parse_since("24h", kPageNow).words == "of the last 24 h");
  CHECK(parse_since("7d", kPageNow).moment == kPageNow - 168h);
  CHECK(parse_since("90min", kPageNow).moment == kPageNow - 90min);
  CHECK(parse_since("2w", kPageNow).moment == kPageNow - 336h);
  CHECK(parse_since("45s", kPageNow).moment == kPageNow - 45s);
  CHECK(parse_since("2026-03-01", kPageNow).moment == kPageNow - 12h - 3min - 1h);
  CHECK(parse_since("2026-03-01T13:00", kPageNow).moment == kPageNow - 3min);
  CHECK(parse_since("2026-03-01T13:00:30", kPageNow).moment == kPageNow - 3min + 30s);
  CHECK(parse_since("2026-03-01T12:00:00Z", kPageNow).moment == kPageNow - 3min);
  CHECK(parse_since("2026-03-01T13:00", kPageNow).words == "since 2026-03-01 13:00:00");
  for (const char* wrong : {"", "h", "24", "0h", "-1h", "24 h", "24H", "99999999d", "2026-13-01",
                            "2026-03-01T", "yesterday", "12:00"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_since(wrong, kPageNow), Error);
  }
  use_utc();
}

}  // namespace earshot::test
