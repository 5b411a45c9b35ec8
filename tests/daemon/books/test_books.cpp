// Books: records of several starts add up to what was heard of a time, and what was not.
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/books/Books.h"
#include "daemon/books/Ledger.h"
#include "daemon/books/ReadBooks.h"
#include "dsp/base/Error.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr UtcTime kNoon{1'790'000'000s};

BookStart started(UtcTime time, const std::string& instance, const std::string& boot = "boot") {
  return {.time = time, .instance = instance, .boot = boot};
}
BookMiss missed(UtcTime from, microseconds unheard, const std::string& reason = "network") {
  return {.source = "mic", .from = from, .to = from + unheard, .unheard = unheard, .reason = reason};
}
BookSource heard(UtcTime since, UtcTime to, const std::string& reason = "", const std::string& name = "mic") {
  return {.name = name, .since = since, .heard_to = to, .reason = reason};
}
BookNow alive(UtcTime time, std::vector<BookSource> sources, const std::string& stopped = "") {
  return {.time = time, .stopped = stopped, .sources = std::move(sources)};
}

/// Of the only source.
SourceBooks only(const std::vector<BookRecord>& records, UtcTime to, bool running = false,
                 UtcTime from = kNoon - 24h, const std::string& boot = "boot") {
  const Books books = books_of(records, from, to, running, boot);
  REQUIRE(books.sources.size() == 1);
  return books.sources[0];
}

}  // namespace

TEST_CASE("a daemon that runs and hears owes nothing") {
  const SourceBooks mic =
      only({started(kNoon, "a"), alive(kNoon + 1h, {heard(kNoon, kNoon + 1h - 2s)})}, kNoon + 1h + 3s, true);
  CHECK(mic.gaps.empty());
  CHECK(mic.expected == 1h - 2s);  // of the rest nothing is known yet
  CHECK(mic.from == kNoon);
  const Books none = books_of({}, kNoon, kNoon + 1h, false, "boot");
  CHECK(none.sources.empty());
  CHECK_FALSE(none.began);
}

TEST_CASE("gaps add up with what was heard to the microsecond, and are cut at the time asked for") {
  const std::vector<BookRecord> records{started(kNoon, "a"), missed(kNoon + 10min, 3s),
                                        missed(kNoon + 20min, 1'000'001us),
                                        alive(kNoon + 1h, {heard(kNoon, kNoon + 1h)})};
  const SourceBooks mic = only(records, kNoon + 1h, true);
  REQUIRE(mic.gaps.size() == 2);
  CHECK(mic.expected == 1h);
  CHECK(mic.unheard() == 4'000'001us);
  CHECK_FALSE(mic.gaps[1].goes_on);
  const SourceBooks part = only(records, kNoon + 1h, true, kNoon + 10min + 2s);
  CHECK(part.expected == 50min - 2s);
  CHECK(part.unheard() == 2'000'001us);
  CHECK(part.from == kNoon + 10min + 2s);
  CHECK(books_of(records, kNoon + 2h, kNoon + 3h, true, "boot").sources.empty());
}

TEST_CASE("of misses that are one record a part counts as far as it lies in the time") {
  BookMiss many = missed(kNoon + 10min, 10min);
  many.unheard = 5min;
  many.stretches = 30;
  const std::vector<BookRecord> records{started(kNoon, "a"), many,
                                        alive(kNoon + 1h, {heard(kNoon, kNoon + 1h)})};
  CHECK(only(records, kNoon + 1h, true).unheard() == 5min);
  CHECK(only(records, kNoon + 1h, true).stretches() == 30);
  CHECK(only(records, kNoon + 1h, true, kNoon + 16min).unheard() == 2min);
}

TEST_CASE("what was missed up to now goes on, of a source that is down and of a daemon that is") {
  const std::vector<BookRecord> down{started(kNoon, "a"),
                                     alive(kNoon + 1h, {heard(kNoon, kNoon + 20min, "down")})};
  const SourceBooks mic = only(down, kNoon + 1h, true);
  REQUIRE(mic.gaps.size() == 1);
  CHECK(mic.gaps[0].goes_on);
  CHECK(mic.unheard() == 40min);
  const std::vector<BookRecord> up{started(kNoon, "a"), alive(kNoon + 1h, {heard(kNoon, kNoon + 1h - 1s)})};
  const SourceBooks killed = only(up, kNoon + 3h);
  REQUIRE(killed.gaps.size() == 1);
  CHECK(killed.gaps[0].goes_on);
  CHECK(killed.gaps[0].parts[0].reason == kNotRunning);
  CHECK(killed.unheard() == 2h + 1s);
  CHECK(only(up, kNoon + 3h, false, kNoon, "another boot").gaps[0].parts[0].reason == kMachineDown);
  const std::vector<BookRecord> silent{started(kNoon, "a"), alive(kNoon + 1h, {heard(kNoon, kNoon + 50min)})};
  CHECK(only(silent, kNoon + 1h, true).gaps.at(0).parts.at(0).reason == kUnknown);
}

TEST_CASE("between two starts nothing was heard, and why is told part by part") {
  const std::vector<BookRecord> records{
      started(kNoon, "a"),
      alive(kNoon + 1h, {heard(kNoon, kNoon + 50min, "down")}, "SIGTERM"),
      started(kNoon + 2h, "b"),
      missed(kNoon + 2h, 5s, "starting"),
      missed(kNoon + 2h + 30min, 1s),
      alive(kNoon + 3h, {heard(kNoon + 2h, kNoon + 3h)}),
      started(kNoon + 4h, "c", "another boot"),
      alive(kNoon + 5h, {heard(kNoon + 4h, kNoon + 5h)}),
  };
  const SourceBooks mic = only(records, kNoon + 5h, true);
  REQUIRE(mic.gaps.size() == 3);
  REQUIRE(mic.gaps[0].parts.size() == 3);
  CHECK(mic.gaps[0].parts[0].reason == "down");
  CHECK(mic.gaps[0].parts[0].unheard == 10min);
  CHECK(mic.gaps[0].parts[1].reason == kNotRunning);
  CHECK(mic.gaps[0].parts[1].detail == "SIGTERM");
  CHECK(mic.gaps[0].parts[1].unheard == 1h);
  CHECK(mic.gaps[0].parts[2].reason == "starting");
  CHECK(mic.gaps[1].parts[0].unheard == 1s);
  CHECK(mic.gaps[2].parts[0].reason == kMachineDown);
  CHECK(mic.expected == 5h);
  CHECK(mic.unheard() == 70min + 5s + 1s + 1h);
}

TEST_CASE("a start that came to nothing is time in which nobody ran") {
  const std::vector<BookRecord> records{started(kNoon, "a"), alive(kNoon + 1h, {heard(kNoon, kNoon + 1h)}),
                                        started(kNoon + 2h, "b"), started(kNoon + 3h, "c"),
                                        alive(kNoon + 4h, {heard(kNoon + 3h, kNoon + 4h)})};
  const SourceBooks mic = only(records, kNoon + 4h, true);
  REQUIRE(mic.gaps.size() == 1);
  CHECK(mic.unheard() == 2h);
}

TEST_CASE("starts that overlap, and a clock that went back between them, count no moment twice") {
  const std::vector<BookRecord> records{started(kNoon, "a"),
                                        alive(kNoon + 1h, {heard(kNoon, kNoon + 1h)}, "SIGTERM"),
                                        started(kNoon + 30min, "b"), missed(kNoon + 30min, 40min, "starting"),
                                        alive(kNoon + 2h, {heard(kNoon + 30min, kNoon + 2h)})};
  const SourceBooks mic = only(records, kNoon + 2h, true);
  CHECK(mic.expected == 2h);
  CHECK(mic.unheard() == 10min);
}

TEST_CASE("boots that all begin at the same date of the past are told one behind the other, up to now") {
  const std::vector<BookRecord> records{started(kNoon, "a", "first"),
                                        alive(kNoon + 8h, {heard(kNoon, kNoon + 8h)}),
                                        started(kNoon, "b", "second"),
                                        missed(kNoon + 10min, 1s),
                                        alive(kNoon + 20min, {heard(kNoon, kNoon + 20min)}),
                                        started(kNoon + 25min, "c", "second"),
                                        missed(kNoon + 25min, 2s),
                                        alive(kNoon + 1h, {heard(kNoon + 25min, kNoon + 1h)}),
                                        started(kNoon, "d", "third"),
                                        missed(kNoon + 5s, 3s),
                                        alive(kNoon + 2h, {heard(kNoon, kNoon + 2h)})};
  const SourceBooks mic = only(records, kNoon + 2h + 3s, true, kNoon - 24h, "third");
  CHECK(mic.from == kNoon - 9h);
  CHECK(mic.expected == 11h);
  REQUIRE(mic.gaps.size() == 3);
  CHECK(mic.gaps[0].from() == kNoon - 50min);
  CHECK(mic.gaps[1].from() == kNoon - 40min);  // nobody ran between the two of a boot
  CHECK(mic.gaps[1].unheard() == 5min + 2s);
  CHECK(mic.gaps[2].from() == kNoon + 5s);
}

TEST_CASE("a boot whose clock was behind all its life is told behind the one before it, which stays") {
  const UtcTime past = kNoon - 100'000h;
  const std::vector<BookRecord> behind{
      started(kNoon, "a", "first"), alive(kNoon + 1h, {heard(kNoon, kNoon + 1h)}),
      started(past, "b", "second"), missed(past + 1min, 4s), alive(past + 2h, {heard(past, past + 2h)})};
  std::vector<BookRecord> records = behind;
  for (const BookRecord& record : {BookRecord(started(kNoon + 5h, "c", "third")),
                                   BookRecord(alive(kNoon + 6h, {heard(kNoon + 5h, kNoon + 6h)}))})
    records.push_back(record);
  const SourceBooks mic = only(records, kNoon + 6h, true, kNoon - 24h, "third");
  CHECK(mic.expected == 6h);
  REQUIRE(mic.gaps.size() == 2);
  CHECK(mic.gaps[0].from() == kNoon + 1h + 1min);
  CHECK(mic.gaps[1].from() == kNoon + 3h);
  CHECK(mic.gaps[1].unheard() == 2h);
  // Of the next boot nothing is written yet.
  const SourceBooks down = only(behind, kNoon + 6h, false, kNoon - 24h, "third");
  CHECK(down.expected == 6h);
  CHECK(down.unheard() == 4s + 3h);
}

TEST_CASE("a boot of which only the first start was behind the clock leaves the one before where it is") {
  const UtcTime past = kNoon - 100'000h;
  const SourceBooks mic =
      only({started(kNoon, "a", "first"), alive(kNoon + 1h, {heard(kNoon, kNoon + 1h)}),
            started(past, "b", "second"), alive(past + 1min, {heard(past, past + 1min)}),
            started(kNoon + 2h, "c", "second"), alive(kNoon + 3h, {heard(kNoon + 2h, kNoon + 3h)})},
           kNoon + 3h, true, kNoon - 24h, "second");
  CHECK(mic.from == kNoon);
  CHECK(mic.unheard() == 59min);
}

TEST_CASE("boots whose clock was years ahead hide nothing of what came after, and are told before it") {
  const UtcTime ahead = kNoon + 100'000h;
  const std::vector<BookRecord> lost{
      started(kNoon - 5h, "a", "first"), alive(kNoon - 4h, {heard(kNoon - 5h, kNoon - 4h)}),
      started(ahead, "b", "second"), missed(ahead + 1h, 1s), alive(ahead + 2h, {heard(ahead, ahead + 2h)})};
  std::vector<BookRecord> records = lost;
  for (const BookRecord& record :
       {BookRecord(started(kNoon, "c", "third")), BookRecord(alive(kNoon + 1h, {heard(kNoon, kNoon + 1h)}))})
    records.push_back(record);
  const SourceBooks mic = only(records, kNoon + 1h, true, kNoon - 24h, "third");
  CHECK(mic.expected == 6h);
  REQUIRE(mic.gaps.size() == 2);
  CHECK(mic.gaps[0].from() == kNoon - 4h);
  CHECK(mic.gaps[0].unheard() == 2h);
  CHECK(mic.gaps[1].from() == kNoon - 1h);
  // Nobody has run since.
  CHECK(only(lost, kNoon, false, kNoon - 24h, "third").expected == 5h);
}

TEST_CASE("when the clock was set, what was written before moves with it") {
  const std::vector<BookRecord> records{started(kNoon - 3h, "a"), missed(kNoon - 2h, 1s), BookClock{3h},
                                        missed(kNoon + 90min, 1s),
                                        alive(kNoon + 2h, {heard(kNoon, kNoon + 2h)})};
  const SourceBooks mic = only(records, kNoon + 2h, true);
  REQUIRE(mic.gaps.size() == 2);
  CHECK(mic.gaps[0].from() == kNoon + 1h);
  CHECK(mic.expected == 2h);
}

TEST_CASE(
    "what is no longer asked for is no longer missed: a recording's end, a source that is configured no "
    "more") {
  BookSource replay = heard(kNoon, kNoon + 10min);
  replay.over = true;
  const SourceBooks over = only({started(kNoon, "a"), alive(kNoon + 1h, {replay})}, kNoon + 3h);
  CHECK(over.expected == 10min);
  CHECK(over.gaps.empty());
  const std::vector<BookRecord> records{
      started(kNoon, "a"),      alive(kNoon + 1h, {heard(kNoon, kNoon + 1h)}, "SIGTERM"),
      started(kNoon + 2h, "b"), alive(kNoon + 3h, {heard(kNoon + 2h, kNoon + 3h, "", "other")}, "SIGTERM"),
      started(kNoon + 4h, "c"), alive(kNoon + 5h, {heard(kNoon + 4h, kNoon + 5h)})};
  const Books books = books_of(records, kNoon - 1h, kNoon + 5h, true, "boot");
  REQUIRE(books.sources.size() == 2);
  CHECK(books.sources[0].name == "mic");
  CHECK(books.sources[0].expected == 2h);
  CHECK(books.sources[0].gaps.empty());
  CHECK(books.sources[1].expected == 1h);
}

TEST_CASE("what was before the records that are left is not told as heard") {
  BookStart again = started(kNoon, "a");
  again.continued = true;
  const SourceBooks mic =
      only({again, alive(kNoon + 1h, {heard(kNoon - 720h, kNoon + 1h)})}, kNoon + 1h, true, kNoon - 24h);
  CHECK(mic.from == kNoon);
  CHECK(mic.expected == 1h);
  // On the page before, the same instance went on to be heard.
  const SourceBooks whole =
      only({started(kNoon - 2h, "a"), alive(kNoon, {heard(kNoon - 2h, kNoon)}), again,
            missed(kNoon + 1min, 1s), alive(kNoon + 1h, {heard(kNoon - 2h, kNoon + 1h)})},
           kNoon + 1h, true);
  CHECK(whole.expected == 3h);
  CHECK(whole.unheard() == 1s);
}

TEST_CASE("books on the disk are read past lines that are none, from both files") {
  const TemporaryDirectory directory;
  directory.write(kOlderLedgerFile,
                  book_line(started(kNoon, "a")) + book_line(missed(kNoon + 1min, 1s)) + "{\"type\":\"mi");
  directory.write(kLedgerFile, "\n" + book_line(missed(kNoon + 2min, 1s)) + std::string(3, '\0') +
                                   "\n{\"type\":\"later\"}\n" +
                                   book_line(alive(kNoon + 1h, {heard(kNoon, kNoon + 1h)}, "SIGTERM")) +
                                   "{\"type\":\"now\",\"ti");
  const Books books = read_books(directory.path(), kNoon);
  CHECK_FALSE(books.running);
  CHECK(books.began == kNoon);
  REQUIRE(books.sources.size() == 1);
  CHECK(books.sources[0].gaps.size() == 3);  // and from then on nobody ran
  CHECK_THROWS_AS(read_books(directory / "nowhere", kNoon), Error);
}

}  // namespace earshot::test
