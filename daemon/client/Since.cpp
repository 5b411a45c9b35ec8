#include "daemon/client/Since.h"

#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <utility>

#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  std::chrono::seconds lasts;
};
constexpr std::array<Unit, 5> kUnits = {
    {{"s", 1s}, {"min", 60s}, {"h", 3600s}, {"d", 86'400s}, {"w", 604'800s}}};
constexpr std::uint32_t kMost = 1'000'000;  // of a unit: not beyond what UtcTime holds

std::optional<Since> parse_time_ago(std::string_view text, UtcTime now) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count == 0 || count > kMost) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (unit.name == name)
      return Since{now - count * unit.lasts,
                   "of the last " + std::to_string(count) + ' ' + std::string(name)};
  }
  return std::nullopt;
}

std::optional<Since> parse_date(std::string text) {
  const bool utc = text.ends_with('Z');
  if (utc) text.pop_back();
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"}) {
    std::tm parts{};
    parts.tm_isdst = -1;
    const char* rest = ::strptime(text.c_str(), format, &parts);
    if (!rest || *rest) continue;
    const std::time_t seconds = utc ? ::timegm(&parts) : std::mktime(&parts);
    const UtcTime moment{std::chrono::seconds(seconds)};
    return Since{moment, "since " + local_time(moment)};
  }
  return std::nullopt;
}

}  // namespace

Since parse_since(std::string_view text, UtcTime now) {
  if (auto ago = parse_time_ago(text, now)) return *std::move(ago);
  if (auto date = parse_date(std::string(text))) return *std::move(date);
  throw Error(ExitCode::usage,
              "--since: found '" + printable(text) +
                  "', expected a time such as 24h, 7d or 90min, or a date such as 2026-11-29 or "
                  "2026-11-29T12:00");
}

std::string local_time(UtcTime moment) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(moment).time_since_epoch().count();
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 40> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts)};
}

}  // namespace earshot
