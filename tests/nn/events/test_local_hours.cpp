// LocalHours: windows of the day and of the week by the clock on the wall, and the events that begin in them.
#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "nn/events/LocalHours.h"
#include "tests/nn/events/EventRig.h"
#include "tests/support/LocalZone.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;

constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

LocalHours hours_of(const std::string& text) {
  StrictToml table = StrictToml::from_text(text, "test");
  const LocalHours hours = read_local_hours(table);
  table.reject_unknown();
  return hours;
}

std::string hours_error(const std::string& text) {
  try {
    hours_of(text);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::config);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("hours of the day begin with their first minute and end before their last") {
  const LocalZone zone("UTC0");
  const LocalHours hours = hours_of("between = [\"07:30\", \"24:00\"]");
  const UtcTime day = sys_days(2026y / 5 / 6);
  CHECK_FALSE(hours.have(day + 7h + 30min - 1us));
  CHECK(hours.have(day + 7h + 30min));
  CHECK(hours.have(day + 24h - 1us));
  CHECK_FALSE(hours.have(day + 24h));
  CHECK(LocalHours{}.are_all());
  CHECK(LocalHours{}.have(day));
}

TEST_CASE("hours over midnight are of the day on which they began") {
  const LocalZone zone("UTC0");
  const LocalHours night = hours_of("between = [\"22:00\", \"06:00\"]\ndays = [\"fri\", \"sun\"]");
  const UtcTime friday = sys_days(2026y / 5 / 8);
  CHECK_FALSE(night.have(friday + 5h));  // Thursday's night
  CHECK_FALSE(night.have(friday + 21h + 59min));
  CHECK(night.have(friday + 22h));
  CHECK(night.have(friday + 24h + 5h + 59min));
  CHECK_FALSE(night.have(friday + 24h + 6h));
  CHECK_FALSE(night.have(friday + 24h + 23h));  // Saturday's
  CHECK(night.have(friday + 48h + 23h));
  CHECK(night.have(friday + 72h + 1h));  // Monday morning is Sunday's night
  const LocalHours weekend = hours_of("days = [\"sat\", \"sun\"]");
  CHECK_FALSE(weekend.have(friday + 23h));
  CHECK(weekend.have(friday + 24h));
  CHECK(weekend.have(friday + 72h - 1us));
  CHECK_FALSE(weekend.have(friday + 72h));
}

TEST_CASE("hours go by the clock on the wall when it is put forward and back") {
  const LocalZone zone(kBerlin);
  const LocalHours hours = hours_of("between = [\"02:30\", \"03:15\"]");
  const UtcTime spring = sys_days(2026y / 3 / 29);  // 02:00 CET is 03:00 CEST at 01:00 UTC
  CHECK_FALSE(hours.have(spring + 1h - 1us));
  CHECK(hours.have(spring + 1h));
  CHECK_FALSE(hours.have(spring + 1h + 15min));
  const UtcTime autumn = sys_days(2026y / 10 / 25);  // 03:00 CEST is 02:00 CET at 01:00 UTC
  CHECK(hours.have(autumn + 0h + 30min));            // 02:30 the first time
  CHECK_FALSE(hours.have(autumn + 1h));              // 02:00 the second time
  CHECK(hours.have(autumn + 1h + 30min));            // 02:30 the second time
  CHECK_FALSE(hours.have(autumn + 2h + 15min));
  // The night is an hour shorter, and longer, and its ends are where the wall's clock has them.
  const LocalHours night = hours_of("between = [\"22:00\", \"06:00\"]\ndays = [\"sat\"]");
  CHECK(night.have(spring - 3h));  // Saturday, 22:00 CET
  CHECK(night.have(spring + 4h - 1us));
  CHECK_FALSE(night.have(spring + 4h));  // Sunday, 06:00 CEST
  CHECK(night.have(autumn - 4h));        // Saturday, 22:00 CEST
  CHECK(night.have(autumn + 5h - 1us));
  CHECK_FALSE(night.have(autumn + 5h));  // Sunday, 06:00 CET
}

TEST_CASE("a day's name or a time that is none is refused with what was found") {
  const auto ends = [](const std::string& text) { return Catch::Matchers::Contains(text); };
  CHECK_THAT(hours_error("between = [\"22:00\"]"), ends("test:1: key 'between': found 1 texts"));
  CHECK_THAT(hours_error("between = [\"22:00\", \"6:00\"]"), ends("found \"6:00\""));
  CHECK_THAT(hours_error("between = [\"22:60\", \"06:00\"]"), ends("found \"22:60\""));
  CHECK_THAT(hours_error("between = [\"24:01\", \"06:00\"]"), ends("found \"24:01\""));
  CHECK_THAT(hours_error("between = [\"06:00\", \"06:00\"]"), ends("found \"06:00\" and \"06:00\""));
  CHECK_THAT(hours_error("between = [\"24:00\", \"06:00\"]"), ends("expected two different times like"));
  CHECK_THAT(hours_error("days = [\"Fri\"]"), ends("found \"Fri\", expected days of \"mon\""));
  CHECK_THAT(hours_error("days = []"), ends("found an empty list"));
}

TEST_CASE(
    "an event begins within its hours only, however long the sound has been there, and goes on to its end") {
  const LocalZone zone("UTC0");
  EventSettings settings = with_quick_end();
  settings.hours = hours_of("between = [\"22:14\", \"22:15\"]");
  EventRig rig(settings);  // whose first window is at 22:13:20 on a Tuesday
  rig.hear_times(300, {{"Dog", 0.7F}});
  rig.hear_times(4, {});
  REQUIRE(rig.story() == "Dog+ Dog-");
  CHECK(rig.events()[0].start_sample == 40'000);
  CHECK(rig.events()[0].time == UtcTime(1'700'000'040s));
  CHECK(rig.events()[1].end_sample == 150'500);
  rig.hear_times(10, {{"Dog", 0.7F}});
  CHECK(rig.story() == "Dog+ Dog-");

  settings.hours = hours_of("days = [\"wed\"]");
  EventRig another(settings);
  another.hear_times(10, {{"Dog", 0.7F}});
  CHECK(another.story() == "");
}

}  // namespace earshot::test
