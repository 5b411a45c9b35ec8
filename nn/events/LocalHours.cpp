#include "nn/events/LocalHours.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace earshot {
namespace {

constexpr int kMinutesOfADay = 24 * 60;
constexpr std::array<std::string_view, 7> kWeekdays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr const char* kBetween = "two different times like [\"22:00\", \"06:00\"]";
constexpr const char* kDays = "days of \"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\" and \"sun\"";

// Of "06:30"; nothing for what is no such text.
std::optional<int> minutes_of(const std::string& text) {
  const auto digit = [&](std::size_t at) {
    return text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : 100;
  };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int hours = 10 * digit(0) + digit(1);
  const int minutes = 10 * digit(3) + digit(4);
  if (minutes >= 60 || 60 * hours + minutes > kMinutesOfADay) return std::nullopt;
  return 60 * hours + minutes;
}

std::pair<int, int> read_between(StrictToml& table) {
  const std::vector<std::string> texts = table.texts("between");
  if (texts.size() != 2) table.refuse("between", std::to_string(texts.size()) + " texts", kBetween);
  std::array<int, 2> ends{};
  for (std::size_t i = 0; i < 2; ++i) {
    const std::optional<int> minutes = minutes_of(texts[i]);
    if (!minutes) table.refuse("between", '"' + texts[i] + '"', kBetween);
    ends[i] = *minutes;
  }
  const auto [from, to] = ends;
  if (from == to || from == kMinutesOfADay || (from == 0 && to == kMinutesOfADay))
    table.refuse("between", '"' + texts[0] + "\" and \"" + texts[1] + '"', kBetween);
  return {from, to};
}

LocalHours::Days read_days(StrictToml& table) {
  LocalHours::Days days;
  for (const std::string& text : table.texts("days")) {
    const auto found = std::ranges::find(kWeekdays, text);
    if (found == kWeekdays.end()) table.refuse("days", '"' + text + '"', kDays);
    days.set(static_cast<std::size_t>(found - kWeekdays.begin()));
  }
  if (days.none()) table.refuse("days", "an empty list", kDays);
  return days;
}

}  // namespace

bool LocalHours::have(UtcTime time) const noexcept {
  if (are_all()) return true;
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm wall{};
  if (!::localtime_r(&seconds, &wall)) return true;
  int day = (wall.tm_wday + 6) % 7;
  if (between) {
    const auto [from, to] = *between;
    const int now = 60 * wall.tm_hour + wall.tm_min;
    const bool over_midnight = to <= from;
    if (over_midnight ? now >= to && now < from : now < from || now >= to) return false;
    if (over_midnight && now < to) day = (day + 6) % 7;
  }
  return days.test(static_cast<std::size_t>(day));
}

LocalHours read_local_hours(StrictToml& table) {
  ::tzset();  // have() does not look whether the machine has another zone by now
  LocalHours hours;
  if (table.has("between")) hours.between = read_between(table);
  if (table.has("days")) hours.days = read_days(table);
  return hours;
}

std::string clock_text_of(int minutes) {
  std::array<char, 16> text;
  std::snprintf(text.data(), text.size(), "%02d:%02d", minutes / 60, minutes % 60);
  return text.data();
}

std::string_view weekday_name(std::size_t day) noexcept {
  return kWeekdays[day];
}

}  // namespace earshot
