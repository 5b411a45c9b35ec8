#include "daemon/books/BookRecord.h"

#include <cmath>
#include <cstdio>

#include <boost/json.hpp>

#include "daemon/stream/JsonLine.h"
#include "dsp/base/JsonWriter.h"

namespace earshot {
namespace {

namespace json = boost::json;
using std::chrono::microseconds;

constexpr double kMicro = 1e6;

double seconds(microseconds time) {
  return static_cast<double>(time.count()) / kMicro;
}

class BookLineMaker {
 public:
  std::string operator()(const BookStart& start) {
    begin("start")
        .field("time", rfc3339(start.time))
        .field("instance", start.instance)
        .field("boot", start.boot);
    if (start.continued) json_.field("continued", true);
    return end();
  }
  std::string operator()(const BookMiss& miss) {
    begin("miss")
        .field("source", miss.source)
        .field("from", rfc3339(miss.from))
        .field("to", rfc3339(miss.to));
    json_.key("unheard_s").fixed(seconds(miss.unheard), 6);
    if (miss.stretches != 1) json_.field("stretches", miss.stretches);
    add_reason(miss.reason, miss.detail);
    return end();
  }
  std::string operator()(const BookAbsence& absence) {
    begin("absence")
        .field("source", absence.source)
        .field("from", rfc3339(absence.from))
        .field("to", rfc3339(absence.to));
    return end();
  }
  std::string operator()(const BookClock& clock) {
    begin("clock").key("step_s").fixed(seconds(clock.step), 6);
    return end();
  }
  std::string operator()(const BookNow& now) {
    begin("now").field("time", rfc3339(now.time));
    if (!now.stopped.empty()) json_.field("stopped", now.stopped);
    json_.key("sources").begin_array();
    for (const BookSource& source : now.sources) {
      json_.begin_object().field("name", source.name).field("since", rfc3339(source.since));
      json_.field("heard_to", rfc3339(source.heard_to));
      add_reason(source.reason, source.detail);
      if (source.over) json_.field("over", true);
      if (source.added) json_.field("added", true);
      json_.end_object();
    }
    json_.end_array();
    return end();
  }

 private:
  JsonWriter& begin(std::string_view type) { return json_.begin_object().field("type", type); }
  std::string end() { return json_.end_object().take_line(); }
  void add_reason(const std::string& reason, const std::string& detail) {
    if (!reason.empty()) json_.field("reason", reason);
    if (!detail.empty()) json_.field("detail", detail);
  }

  JsonWriter json_;
};

std::optional<UtcTime> parse_rfc3339(std::string_view text) {
  const std::string whole(text);
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int micro = 0;
  int used = 0;
  if (std::sscanf(whole.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d.%6dZ%n", &year, &month, &day, &hour, &minute,
                  &second, &micro, &used) != 7 ||
      used != static_cast<int>(whole.size()))
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  return UtcTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + microseconds(micro);
}

// The fields of a record: those that are missing or of another type make it none.
class BookFields {
 public:
  explicit BookFields(const json::object& object) : object_(object) {}

  /// Missing is empty.
  std::string text(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (!value) return {};
    if (!value->is_string()) {
      good_ = false;
      return {};
    }
    return std::string(value->get_string());
  }
  UtcTime time(std::string_view key) {
    const auto time = parse_rfc3339(text(key));
    if (!time) good_ = false;
    return time.value_or(UtcTime());
  }
  microseconds duration(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value && value->is_number()) return microseconds(std::llround(value->to_number<double>() * kMicro));
    good_ = false;
    return {};
  }
  /// Missing is 1.
  std::uint64_t count(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (!value) return 1;
    if (value->is_int64() && value->get_int64() > 0) return static_cast<std::uint64_t>(value->get_int64());
    good_ = false;
    return 1;
  }
  /// Missing is false.
  bool truth(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    return value && value->is_bool() && value->get_bool();
  }
  bool good() const noexcept { return good_; }

 private:
  const json::object& object_;
  bool good_ = true;
};

std::optional<BookRecord> parse_now(const json::object& object) {
  BookFields fields(object);
  BookNow now{.time = fields.time("time"), .stopped = fields.text("stopped"), .sources = {}};
  const json::value* sources = object.if_contains("sources");
  if (!fields.good() || !sources || !sources->is_array()) return std::nullopt;
  for (const json::value& each : sources->get_array()) {
    if (!each.is_object()) return std::nullopt;
    BookFields source(each.get_object());
    now.sources.push_back({.name = source.text("name"),
                           .since = source.time("since"),
                           .heard_to = source.time("heard_to"),
                           .reason = source.text("reason"),
                           .detail = source.text("detail"),
                           .over = source.truth("over"),
                           .added = source.truth("added")});
    if (!source.good()) return std::nullopt;
  }
  return now;
}

}  // namespace

std::string book_line(const BookRecord& record) {
  return std::visit(BookLineMaker(), record);
}

std::optional<BookRecord> parse_book_line(std::string_view line) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  BookFields fields(object);
  const std::string type = fields.text("type");
  BookRecord record;
  if (type == "start") {
    record = BookStart{.time = fields.time("time"),
                       .instance = fields.text("instance"),
                       .boot = fields.text("boot"),
                       .continued = fields.truth("continued")};
  } else if (type == "miss") {
    record = BookMiss{.source = fields.text("source"),
                      .from = fields.time("from"),
                      .to = fields.time("to"),
                      .unheard = fields.duration("unheard_s"),
                      .stretches = fields.count("stretches"),
                      .reason = fields.text("reason"),
                      .detail = fields.text("detail")};
  } else if (type == "absence") {
    record =
        BookAbsence{.source = fields.text("source"), .from = fields.time("from"), .to = fields.time("to")};
  } else if (type == "clock") {
    record = BookClock{fields.duration("step_s")};
  } else if (type == "now") {
    return parse_now(object);
  } else {
    return std::nullopt;
  }
  return fields.good() ? std::optional(record) : std::nullopt;
}

}  // namespace earshot
