// Bookkeeper: passes all on, whatever the disk does, and what it writes outlives it.
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/books/Bookkeeper.h"
#include "daemon/books/ReadBooks.h"
#include "tests/daemon/Collector.h"
#include "tests/daemon/LogLines.h"
#include "tests/daemon/books/FullDisk.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

struct KeptBooks {
  explicit KeptBooks(const std::filesystem::path& directory, const std::string& instance = "a")
      : keeper(next,
               {.directory = directory,
                .instance = instance,
                .rate_hz = 1'000'000,
                .sources = {{.name = "mic"}},
                .look = 5ms,
                .alive = 20ms},
               utc) {}

  /// A window of a millisecond; position 0 was heard as this was made.
  void predict(std::uint64_t start) {
    Prediction prediction;
    prediction.source = "mic";
    prediction.start_sample = start;
    prediction.end_sample = start + 1'000;
    prediction.level_dbfs = -30.0;
    prediction.time = utc.at(moment(prediction.end_sample));
    keeper.publish(prediction);
  }
  void await(std::uint64_t position) const {
    std::this_thread::sleep_for(moment(position) - BootClock::now());
  }
  BootClock::time_point moment(std::uint64_t position) const {
    return begun + std::chrono::microseconds(position);
  }
  void lose(std::uint64_t start, std::uint64_t samples) {
    keeper.publish(Gap{"mic", start, samples, GapReason::network, 0});
  }

  BootClock::time_point begun = BootClock::now();
  UtcClock utc;
  Collector next;
  Bookkeeper keeper;
};

SourceBooks mic_of(const std::filesystem::path& directory) {
  for (SourceBooks& source : read_books(directory, UtcTime()).sources) return source;
  return {};
}

void await_file(const std::filesystem::path& path) {
  for (int i = 0; i < 4'000 && !std::filesystem::exists(path); ++i) std::this_thread::sleep_for(5ms);
  REQUIRE(std::filesystem::exists(path));
}

}  // namespace

TEST_CASE("messages are passed on, and what was missed is in the books of those who come later") {
  const TemporaryDirectory directory;
  {
    KeptBooks books(directory.path());
    books.predict(0);
    books.lose(1'000, 100'000);
    for (const std::uint64_t start : {101'000, 102'000, 103'000}) books.predict(start);
    books.await(104'000);
    CHECK(books.next.all<Prediction>().size() == 4);
    CHECK(books.next.all<Gap>().size() == 1);
    books.keeper.stop("SIGTERM");
    books.keeper.publish(SourceChange{"mic", SourceState::ended, "stopped", 104'000});
    CHECK(books.keeper.close(20s));
  }
  KeptBooks later(directory.path(), "b");
  later.predict(0);
  await_file(directory / kLedgerFile);
  later.keeper.stop("SIGINT");
  REQUIRE(later.keeper.close(20s));
  const SourceBooks mic = mic_of(directory.path());
  REQUIRE(mic.gaps.size() >= 2);
  CHECK(mic.gaps[0].parts[0].reason == "network");
  CHECK(mic.gaps[0].unheard() <= 100ms);
  CHECK(mic.gaps[0].unheard() > 50ms);  // less what was over before the books began
  CHECK(mic.gaps[1].parts[0].reason == kNotRunning);
  CHECK(mic.gaps[1].parts[0].detail == "SIGTERM");
}

TEST_CASE(
    "a bookkeeper that is not closed leaves books as a daemon that was killed, and none before its first "
    "page") {
  const TemporaryDirectory directory;
  {
    KeptBooks books(directory.path());
    books.predict(0);
    await_file(directory / kLedgerFile);
  }
  const Books books = read_books(directory.path(), UtcTime());
  CHECK_FALSE(books.running);
  REQUIRE(books.sources.size() == 1);
  CHECK(books.sources[0].gaps.back().parts.back().detail.empty());
}

TEST_CASE("where no books can be kept the daemon goes on, says so once, and keeps them as soon as it can") {
  const TemporaryDirectory directory;
  directory.write("state", "a file where a folder belongs");
  const LogLines log;
  KeptBooks books(directory / "state");
  books.predict(0);
  REQUIRE(log.await("cannot be kept in the books") == 1);
  books.lose(1'000, 100'000);
  books.predict(101'000);
  books.await(201'000);  // many more tries
  CHECK(log.count("cannot be kept in the books") == 1);
  CHECK(books.next.all<Prediction>().size() == 2);
  std::filesystem::remove(directory / "state");
  REQUIRE(log.await("the books are kept again") == 1);
  books.keeper.stop("SIGTERM");
  REQUIRE(books.keeper.close(20s));
  CHECK(mic_of(directory / "state").gaps.at(0).unheard() == 100ms);  // what was missed meanwhile is there
}

TEST_CASE(
    "a start for which there was no room leaves the one before as it was, and comes before all of its own") {
  const TemporaryDirectory directory;
  const UtcTime noon{1'790'000'000s};
  const std::string earlier =
      book_line(BookStart{.time = noon, .instance = "a", .boot = "before"}) +
      book_line(BookNow{.time = noon + 1h,
                        .stopped = {},
                        .sources = {{.name = "mic", .since = noon, .heard_to = noon + 1h}}});
  directory.write(kLedgerFile, earlier);
  const std::string long_name(400, 'b');  // a sign of life would fit where its start does not
  const LogLines log;
  std::optional<FullDisk> full(earlier.size() + 300);
  KeptBooks books(directory.path(), long_name);
  books.predict(0);
  REQUIRE(log.await("cannot be kept in the books") == 1);
  books.lose(1'000, 100'000);
  books.predict(101'000);
  books.await(201'000);  // many more tries
  CHECK(read_books(directory.path(), noon).written == noon + 1h);
  full.reset();
  REQUIRE(log.await("the books are kept again") == 1);
  books.keeper.stop("SIGTERM");
  REQUIRE(books.keeper.close(20s));
  const Books told = read_books(directory.path(), noon);
  CHECK(told.written > noon + 1h);
  std::string reasons;
  for (const UnheardGap& gap : told.sources.at(0).gaps) {
    for (const UnheardPart& part : gap.parts) reasons += part.reason + ' ';
  }
  CHECK(reasons.starts_with("machine_down "));
  CHECK(reasons.find("network") != std::string::npos);
}

TEST_CASE("two at once: one keeps the books, the other waits for its turn") {
  const TemporaryDirectory directory;
  const LogLines log;
  auto first = std::make_unique<KeptBooks>(directory.path());
  first->predict(0);
  await_file(directory / kLedgerFile);
  KeptBooks second(directory.path(), "b");
  second.predict(0);
  CHECK(log.await("another earshotd keeps its books there") == 1);
  first->keeper.stop("SIGTERM");
  REQUIRE(first->keeper.close(20s));
  first.reset();
  CHECK(log.await("the books are kept again") == 1);
  const Books books = read_books(directory.path(), UtcTime());
  CHECK(books.running);
  CHECK(books.sources.size() == 1);
}

TEST_CASE("books that grow are kept in two files, and what is left of them adds up") {
  const TemporaryDirectory directory;
  const std::string detail(180, 'x');
  KeptBooks books(directory.path());
  books.predict(0);
  std::uint64_t position = 0;
  while (!std::filesystem::exists(directory / kOlderLedgerFile)) {
    for (int i = 0; i < 1'000; ++i) {
      // Reasons that take turns are records of their own.
      books.keeper.publish(
          SourceChange{"mic", i % 2 == 0 ? SourceState::down : SourceState::stalled, detail, {}});
      books.lose(position + 1'000, 100);
      books.predict(position += 1'100);
    }
    std::this_thread::sleep_for(10ms);
  }
  await_file(directory / kLedgerFile);
  books.keeper.stop("SIGTERM");
  REQUIRE(books.keeper.close(20s));
  CHECK(std::filesystem::file_size(directory / kOlderLedgerFile) < 4 * Ledger::kFull);
  CHECK(read_books(directory.path(), UtcTime()).sources.size() == 1);
}

}  // namespace earshot::test
