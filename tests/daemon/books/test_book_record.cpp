// BookRecord: lines that read back as what was written, and lines that are none.
#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "daemon/books/BookRecord.h"

namespace earshot::test {

using namespace std::chrono_literals;

TEST_CASE("each record reads back from its line") {
  const UtcTime time{1'790'000'000s + 123'456us};
  const std::vector<BookRecord> records{
      BookStart{.time = time, .instance = "a1", .boot = "b2", .continued = false},
      BookStart{.time = time, .instance = "a1", .boot = "", .continued = true},
      BookMiss{.source = "mic \"1\"\xC3\xA4",
               .from = time,
               .to = time + 1h,
               .unheard = 12'400'001us,
               .stretches = 3,
               .reason = "down",
               .detail = "left"},
      BookMiss{.source = "mic", .from = time, .to = time, .unheard = 0us, .reason = "overload"},
      BookAbsence{.source = "porch", .from = time, .to = time + 1h},
      BookClock{-7'200'500ms},
      BookNow{.time = time,
              .stopped = "SIGTERM",
              .sources = {{.name = "mic", .since = time, .heard_to = time + 1us},
                          {.name = "x",
                           .since = time,
                           .heard_to = time,
                           .reason = "down",
                           .detail = "d",
                           .over = true,
                           .added = true}}},
      BookNow{.time = time, .stopped = {}, .sources = {}}};
  for (const BookRecord& record : records) {
    const std::string line = book_line(record);
    INFO(line);
    CHECK(line.find('\n') == line.size() - 1);
    CHECK(parse_book_line(line) == record);
    CHECK(parse_book_line(line.substr(0, line.size() - 1) + "   \n") == record);
    // However it was cut off, it is none.
    for (std::size_t size = 0; size + 1 < line.size(); ++size)
      CHECK_FALSE(parse_book_line(line.substr(0, size)));
  }
}

TEST_CASE("what is no record is none") {
  for (
      const char* line :
      {"", "null", "[]", "{}", R"({"type":"later"})", R"({"type":7})", R"({"type":"clock"})",
       R"({"type":"clock","step_s":"1"})",
       R"({"type":"start","time":"2026-13-01T00:00:00.000000Z","instance":"a","boot":"b"})",
       R"({"type":"start","time":"yesterday","instance":"a","boot":"b"})",
       R"({"type":"now","time":"2026-11-01T00:00:00.000000Z"})",
       R"({"type":"now","time":"2026-11-01T00:00:00.000000Z","sources":[7]})",
       R"({"type":"now","time":"2026-11-01T00:00:00.000000Z","sources":[{"name":"mic"}]})",
       R"({"type":"miss","source":"mic","from":"2026-11-01T00:00:00.000000Z","to":"2026-11-01T00:00:00.000000Z","unheard_s":1,"stretches":0})"}) {
    INFO(line);
    CHECK_FALSE(parse_book_line(line));
  }
}

}  // namespace earshot::test
