// Reloads, and senders that come and go: what Accounts write of them Books tell as it was.
#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/books/Accounts.h"
#include "daemon/books/Books.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr int kReloadRate = 16'000;
constexpr std::uint64_t kReloadWindow = 16'000;  // one second, each as much after the one before
const UtcTime kReloadStart{1'790'000'000s};      // the boot clock's zero, too

/// The books of one source. Moments are seconds since the daemon was started.
class ReloadedBooks {
 public:
  explicit ReloadedBooks(const std::vector<BookedSource>& sources)
      : accounts_(kReloadRate, sources, BootClock::time_point(), kReloadStart) {}

  /// It was heard for an hour, up to an hour before this start.
  void heard_by_an_earlier_start() {
    const UtcTime began = kReloadStart - 2h;
    const UtcTime ended = kReloadStart - 1h;
    lines_ = book_line(BookStart{.time = began, .instance = "earlier", .boot = "boot"}) +
             book_line(BookNow{.time = ended,
                               .stopped = {},
                               .sources = {{.name = "porch", .since = began, .heard_to = ended}}}) +
             lines_;
  }
  void reload(seconds now, const std::vector<BookedSource>& sources) {
    accounts_.change(sources, BootClock::time_point(now));
  }
  void tell(seconds now, SourceState state, bool forgotten = false) {
    take(now, SourceChange{"porch", state, "so it is", {}, forgotten});
  }
  /// Up, and windows from `now` on, with samples from `sample` on.
  void hear(seconds now, seconds length, std::uint64_t sample = 0) {
    tell(now, SourceState::up);
    for (seconds heard = 1s; heard <= length; ++heard) {
      Prediction prediction;
      prediction.source = "porch";
      prediction.start_sample = sample;
      prediction.end_sample = sample += kReloadWindow;
      prediction.time = kReloadStart + now + heard;
      prediction.level_dbfs = -30.0;
      take(now + heard, prediction);
    }
  }

  /// What is told now.
  SourceBooks books(seconds now) {
    const Accounts::Page page = accounts_.page(BootClock::time_point(now), kReloadStart, true);
    accounts_.written();
    lines_ += page.settled;
    std::vector<BookRecord> records;
    std::istringstream lines(lines_ + page.present);
    for (std::string line; std::getline(lines, line);) records.push_back(parse_book_line(line).value());
    const Books books = books_of(records, kReloadStart - 24h, kReloadStart + now, true, "boot");
    REQUIRE(books.sources.size() == 1);
    return books.sources[0];
  }

 private:
  void take(seconds now, const Message& message) {
    accounts_.take(message, BootClock::time_point(now), kReloadStart);
  }

  Accounts accounts_;
  std::string lines_ = book_line(BookStart{.time = kReloadStart, .instance = "this", .boot = "boot"});
};

/// "starting 10, down 300": of each part.
std::string parts_of(const SourceBooks& books) {
  std::string text;
  for (const UnheardGap& gap : books.gaps) {
    for (const UnheardPart& part : gap.parts)
      text += (text.empty() ? "" : ", ") + part.reason + ' ' +
              std::to_string(std::chrono::round<seconds>(part.unheard).count());
  }
  return text;
}

const BookedSource kPorch{.name = "porch"};
const BookedSource kPorchFile{.name = "porch", .recorded = true};

}  // namespace

TEST_CASE(
    "a source that a reload takes and a later one brings back is missed before and after, not between") {
  const bool earlier = GENERATE(false, true);
  ReloadedBooks porch({kPorch});
  if (earlier) porch.heard_by_an_earlier_start();
  porch.hear(0s, 300s);
  porch.tell(300s, SourceState::down);
  porch.hear(305s, 295s, 305 * kReloadWindow);
  porch.reload(600s, {});
  porch.tell(600s, SourceState::ended, true);
  const std::string before = earlier ? "not_running 3600, down 5" : "down 5";
  CHECK(parts_of(porch.books(1'000s)) == before);
  porch.reload(1'200s, {kPorch});
  porch.tell(1'200s, SourceState::starting);
  porch.hear(1'210s, 590s);
  const SourceBooks books = porch.books(1'800s);
  CHECK(parts_of(books) == before + ", starting 10");
  CHECK(books.expected == 1'200s + (earlier ? 2h : 0h));
  CHECK(books.to == kReloadStart + 1'800s);
}

TEST_CASE("a source that only a reload brings to a start is missed from then on, whoever heard it before") {
  const bool earlier = GENERATE(false, true);
  ReloadedBooks porch({});
  if (earlier) porch.heard_by_an_earlier_start();
  porch.reload(600s, {kPorch});
  porch.tell(600s, SourceState::starting);
  porch.hear(610s, 590s);
  const SourceBooks books = porch.books(1'200s);
  CHECK(parts_of(books) == "starting 10");
  CHECK(books.expected == 600s + (earlier ? 1h : 0h));
}

TEST_CASE("what a source missed before a reload took it is told") {
  ReloadedBooks porch({kPorch});
  porch.hear(0s, 300s);
  porch.tell(300s, SourceState::down);
  porch.reload(600s, {});
  porch.tell(600s, SourceState::ended, true);
  const SourceBooks books = porch.books(1'000s);
  CHECK(parts_of(books) == "down 300");
  CHECK_FALSE(books.gaps.at(0).goes_on);
  CHECK(books.expected == 600s);
}

TEST_CASE(
    "a source that keeps no time after a reload, or whose name is a listener's, is missed no more until it "
    "is "
    "a source again") {
  const bool had_ended = GENERATE(false, true);
  ReloadedBooks porch({kPorch});
  porch.hear(0s, 600s);
  if (had_ended) porch.tell(600s, SourceState::ended);
  porch.reload(600s, {});
  if (!had_ended) porch.tell(600s, SourceState::down);  // the one before, which is replaced
  CHECK(parts_of(porch.books(3'000s)) == "");
  CHECK(porch.books(3'000s).expected == 600s);
  porch.reload(4'000s, {kPorch});
  porch.hear(4'010s, 100s, 9'000 * kReloadWindow);
  const SourceBooks books = porch.books(4'110s);
  CHECK(parts_of(books) == "");
  CHECK(books.expected == 700s);
}

TEST_CASE("whether a source has an end of its own is as the last reload says") {
  ReloadedBooks file({kPorch});
  file.hear(0s, 600s);
  file.reload(600s, {kPorchFile});
  file.tell(600s, SourceState::down);
  file.hear(600s, 300s, 600 * kReloadWindow);
  file.tell(900s, SourceState::ended);
  CHECK(parts_of(file.books(3'000s)) == "");
  CHECK(file.books(3'000s).expected == 900s);
  file.reload(3'000s, {kPorch});
  file.tell(3'000s, SourceState::starting);
  file.hear(3'010s, 90s, 3'000 * kReloadWindow);
  file.tell(3'100s, SourceState::ended);
  const SourceBooks books = file.books(3'200s);
  CHECK(parts_of(books) == "starting 10, ended 100");
  CHECK(books.expected == 900s + 200s);
}

TEST_CASE(
    "a sender that makes room for another and comes back is missed in between, whatever its samples count") {
  ReloadedBooks porch({});
  porch.hear(0s, 600s);
  porch.tell(600s, SourceState::down);
  porch.tell(4'300s, SourceState::ended, true);
  CHECK(parts_of(porch.books(5'000s)) == "down 4400");
  porch.hear(5'000s, 100s);
  const SourceBooks books = porch.books(5'100s);
  CHECK(parts_of(books) == "down 4400");
  CHECK(books.expected == 5'100s);
}

TEST_CASE("a sender that takes the name of a source that a reload took is a sender like any other") {
  ReloadedBooks porch({kPorch});
  porch.hear(0s, 600s);
  porch.reload(600s, {});
  porch.tell(600s, SourceState::ended, true);
  porch.hear(1'000s, 100s);
  porch.tell(1'100s, SourceState::down);
  porch.tell(5'000s, SourceState::ended, true);
  const SourceBooks books = porch.books(6'000s);
  CHECK(parts_of(books) == "down 4900");
  CHECK(books.expected == 5'600s);
}

}  // namespace earshot::test
