// Accounts: what no window covers is missed, why, and for how long; and no more than that.
#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/books/Accounts.h"
#include "dsp/base/Utf8.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr int kAccountRate = 16'000;
constexpr std::uint64_t kAccountWindow = 16'000;  // one second, each half
constexpr std::uint64_t kAccountHop = 8'000;
const BootClock::time_point kAccountStart{1000s};
const UtcTime kAccountUtc{1'790'000'000s};  // at the boot clock's zero

class AccountRig {
 public:
  explicit AccountRig(std::vector<BookedSource> sources = {{.name = "mic"}})
      : accounts_(kAccountRate, sources, kAccountStart, kAccountUtc) {}

  /// Position 0 was heard so long after the start.
  BootClock::duration offset{0};
  UtcTime utc = kAccountUtc;

  BootClock::time_point moment(std::uint64_t position) const {
    return kAccountStart + offset + std::chrono::nanoseconds(position * 1'000'000'000 / kAccountRate);
  }
  void predict(std::uint64_t start, double level_dbfs = -30.0, std::uint64_t padded = 0) {
    const std::uint64_t end = start + kAccountWindow;
    Prediction prediction;
    prediction.source = "mic";
    prediction.start_sample = start;
    prediction.end_sample = end;
    prediction.time = utc + std::chrono::floor<microseconds>(moment(end).time_since_epoch());
    prediction.level_dbfs = level_dbfs;
    prediction.padded_samples = padded;
    accounts_.take(prediction, moment(end), utc);
  }
  void predict_hops(std::uint64_t start, std::uint64_t windows) {
    for (std::uint64_t i = 0; i < windows; ++i) predict(start + i * kAccountHop);
  }
  void gap(std::uint64_t start, std::uint64_t samples, GapReason reason, std::uint64_t windows = 0) {
    accounts_.take(Gap{"mic", start, samples, reason, windows}, moment(start), utc);
  }
  void change(SourceState state, const std::string& detail, const std::string& source = "mic") {
    accounts_.take(SourceChange{source, state, detail, {}}, kAccountStart, utc);
  }
  void stop() { accounts_.stop("SIGTERM"); }

  std::vector<BookRecord> settled;
  BookNow present;

  /// Those since the last call, and what is present.
  std::vector<BookMiss> misses(BootClock::duration after = 1h) {
    const Accounts::Page page = accounts_.page(kAccountStart + after, utc, true);
    accounts_.written();
    settled = records(page.settled);
    const std::vector<BookRecord> last = records(page.present);
    REQUIRE(last.size() == 1);
    present = std::get<BookNow>(last.front());
    std::vector<BookMiss> found;
    for (const BookRecord& record : settled) {
      if (const auto* miss = std::get_if<BookMiss>(&record)) found.push_back(*miss);
    }
    return found;
  }
  Accounts& accounts() { return accounts_; }

  static std::vector<BookRecord> records(const std::string& lines) {
    std::vector<BookRecord> found;
    for (std::size_t begin = 0; begin < lines.size();) {
      const std::size_t end = lines.find('\n', begin);
      found.push_back(parse_book_line(std::string_view(lines).substr(begin, end - begin)).value());
      begin = end + 1;
    }
    return found;
  }

 private:
  Accounts accounts_;
};

UtcTime at(double seconds) {
  return kAccountUtc + 1000s + microseconds(std::llround(seconds * 1e6));
}

}  // namespace

TEST_CASE("what is heard without a break is nothing to note") {
  AccountRig rig;
  rig.predict_hops(0, 20);
  CHECK(rig.misses().empty());
  REQUIRE(rig.present.sources.size() == 1);
  CHECK(rig.present.sources[0] == BookSource{.name = "mic", .since = at(0), .heard_to = at(10.5)});
  CHECK(rig.present.time == at(3'600));
}

TEST_CASE("before the first window nothing is heard") {
  AccountRig rig;
  rig.offset = 2'500ms;
  rig.change(SourceState::starting, "listening");
  rig.change(SourceState::up, "10.0.0.7:4000");
  rig.predict(0);
  CHECK(rig.misses() == std::vector<BookMiss>{{.source = "mic",
                                               .from = at(0),
                                               .to = at(2.5),
                                               .unheard = 2'500ms,
                                               .reason = "starting",
                                               .detail = "listening"}});
}

TEST_CASE("a gap is missed with what lies beside it in no window, to the sample") {
  AccountRig rig;
  rig.predict_hops(0, 3);  // up to 32 000
  rig.gap(35'000, 1'600, GapReason::network);
  rig.predict(36'600);
  CHECK(rig.misses() ==
        std::vector<BookMiss>{
            {.source = "mic", .from = at(2), .to = at(2.2875), .unheard = 287'500us, .reason = "network"}});
}

TEST_CASE("a skipped window is only missed where no other covers it") {
  AccountRig rig;
  rig.predict(0);
  rig.gap(8'000, 0, GapReason::overload, 1);
  rig.predict(16'000);
  CHECK(rig.misses().empty());
  rig.gap(24'000, 0, GapReason::overload, 3);
  rig.predict(48'000);
  const auto misses = rig.misses();
  REQUIRE(misses.size() == 1);
  CHECK(misses[0].from == at(2));
  CHECK(misses[0].unheard == 1s);
  CHECK(misses[0].reason == "overload");
}

TEST_CASE("of several losses in a row the greatest is the reason") {
  AccountRig rig;
  rig.predict(0);
  rig.gap(16'000, 800, GapReason::overflow);
  rig.gap(17'000, 8'000, GapReason::device);
  rig.predict(25'000);
  rig.gap(33'000, 0, GapReason::overload, 5);
  rig.gap(82'000, 100, GapReason::overflow);
  rig.predict(82'100);
  const auto misses = rig.misses();
  REQUIRE(misses.size() == 2);
  CHECK(misses[0].reason == "device");
  CHECK(misses[0].unheard == 562'500us);
  CHECK(misses[1].reason == "overload");
}

TEST_CASE("the first state that is not up is why, until something is heard again") {
  AccountRig rig;
  rig.predict(0);
  rig.change(SourceState::down, "no longer delivers");
  rig.change(SourceState::down, "its driver does not answer");
  CHECK(rig.misses().empty());
  CHECK(rig.present.sources[0].reason == "down");
  CHECK(rig.present.sources[0].detail == "no longer delivers");
  rig.change(SourceState::up, "again");
  rig.gap(16'000, 160'000, GapReason::device);
  CHECK(rig.misses().empty());
  CHECK(rig.present.sources[0].reason == "down");  // up, but nothing is heard yet
  rig.predict(176'000);
  const auto misses = rig.misses();
  REQUIRE(misses.size() == 1);
  CHECK(misses[0].reason == "down");
  CHECK(misses[0].detail == "no longer delivers");
  CHECK(misses[0].unheard == 10s);
  CHECK(rig.present.sources[0].reason.empty());
}

TEST_CASE("zeros of a stalled device are nothing heard; a stalled sender's late sound is") {
  AccountRig rig;
  rig.predict(0);
  rig.change(SourceState::stalled, "only zeros");
  rig.predict(8'000, -120.0);
  rig.predict(16'000, -120.0);
  rig.change(SourceState::up, "mic");
  rig.predict(24'000);
  const auto misses = rig.misses();
  REQUIRE(misses.size() == 1);
  CHECK(misses[0].unheard == 500ms);
  CHECK(misses[0].reason == "stalled");
  rig.change(SourceState::stalled, "sent nothing for 10 s");
  rig.predict(32'000);
  rig.change(SourceState::up, "sends again");
  rig.predict(40'000);
  CHECK(rig.misses().empty());
}

TEST_CASE("misses that follow each other closely for one reason are one record, up to ten minutes") {
  AccountRig rig;
  std::uint64_t position = 0;
  rig.predict(0);
  for (int i = 0; i < 200; ++i) {  // of 10 s each
    rig.gap(position + kAccountWindow, 144'000, GapReason::network);
    rig.predict(position += 160'000);
  }
  const auto misses = rig.misses();
  REQUIRE(misses.size() == 4);
  std::uint64_t stretches = 0;
  microseconds unheard{0};
  for (const BookMiss& miss : misses) {
    stretches += miss.stretches;
    unheard += miss.unheard;
    CHECK(miss.to - miss.from <= 10min);
  }
  CHECK(stretches == 200);
  CHECK(unheard == 200 * 9s);
  rig.gap(position + kAccountWindow, 16'000, GapReason::network);
  rig.predict(position += 32'000);
  rig.gap(position + kAccountWindow, 16'000, GapReason::device);  // for another one
  rig.predict(position += 32'000);
  CHECK(rig.misses().size() == 2);
}

TEST_CASE("what may go on stays replaceable for a minute, then it is settled") {
  AccountRig rig;
  rig.predict(0);
  rig.gap(16'000, 16'000, GapReason::network);
  rig.predict(32'000);
  Accounts::Page page = rig.accounts().page(kAccountStart + 10s, kAccountUtc, false);
  CHECK(page.settled.empty());
  CHECK(AccountRig::records(page.present).size() == 2);
  page = rig.accounts().page(kAccountStart + 100s, kAccountUtc, false);
  CHECK(AccountRig::records(page.settled).size() == 1);
  CHECK(AccountRig::records(page.present).size() == 1);
}

TEST_CASE("what could not be written is on the next page again, by the clock as it is then") {
  AccountRig rig;
  rig.predict(0);
  rig.gap(16'000, 16'000, GapReason::network);
  rig.predict(32'000);
  const Accounts::Page lost = rig.accounts().page(kAccountStart + 5s, kAccountUtc, true);
  CHECK(AccountRig::records(lost.settled).size() == 1);
  rig.gap(48'000, 16'000, GapReason::network);
  rig.utc += 2h;
  rig.predict(64'000);
  const auto misses = rig.misses();
  REQUIRE(misses.size() == 2);
  CHECK(std::get<BookClock>(rig.settled[0]).step == 2h);
  CHECK(misses[0].from == at(1) + 2h);
  CHECK(misses[1].from == at(3) + 2h);
  CHECK(rig.misses().empty());
  CHECK(rig.settled.empty());
}

TEST_CASE("while nothing can be written misses do not fill the memory: the latest are kept") {
  AccountRig rig;
  std::uint64_t position = 0;
  rig.predict(0);
  for (int i = 0; i < 10'000; ++i) {  // reasons that take turns are records of their own
    rig.gap(position + kAccountWindow, 16'000, i % 2 == 0 ? GapReason::network : GapReason::device);
    if (i == 9'000) rig.accounts().page(kAccountStart, rig.utc, true);  // not written either
    rig.predict(position += 32'000);
  }
  const auto misses = rig.misses(10h);
  CHECK(misses.size() == 2'500);
  CHECK(misses.back().to == at(20'000));
  CHECK(rig.misses(10h).empty());
}

TEST_CASE("when the clock is set, what was written before is told to be moved, what comes later is right") {
  AccountRig rig;
  rig.predict(0);
  CHECK(rig.misses().empty());
  rig.utc += 2h;
  rig.gap(16'000, 16'000, GapReason::network);
  rig.predict(32'000);
  const auto misses = rig.misses();
  REQUIRE(rig.settled.size() == 2);
  CHECK(std::get<BookClock>(rig.settled[0]).step == 2h);
  REQUIRE(misses.size() == 1);
  CHECK(misses[0].from == at(1) + 2h);
  CHECK(rig.present.sources[0].since == at(0) + 2h);
  rig.utc += 10ms;  // slewed
  rig.misses();
  CHECK(rig.settled.empty());
}

TEST_CASE("a recording's end is an end; a stop of the daemon is none of a source's doing") {
  AccountRig rig({{.name = "mic"}, {.name = "replay", .recorded = true}, {.name = "porch"}});
  rig.change(SourceState::ended, "end of file", "replay");
  rig.change(SourceState::ended, "its thread failed", "porch");
  rig.predict(0);
  rig.stop();
  rig.change(SourceState::ended, "stopped");
  CHECK(rig.misses().empty());
  CHECK(rig.present.stopped == "SIGTERM");
  REQUIRE(rig.present.sources.size() == 3);
  CHECK(rig.present.sources[0].reason.empty());
  CHECK(rig.present.sources[1].reason == "ended");
  CHECK_FALSE(rig.present.sources[1].over);
  CHECK(rig.present.sources[2].over);
}

TEST_CASE("a source that nobody named is there from its first message on, if it is not its last") {
  AccountRig rig(std::vector<BookedSource>{});
  rig.change(SourceState::ended, "ended by a reload", "many");
  rig.change(SourceState::up, "10.0.0.7:4000", "barn-7");
  CHECK(rig.misses().empty());
  REQUIRE(rig.present.sources.size() == 1);
  CHECK(rig.present.sources[0].name == "barn-7");
  for (int i = 0; i < 2'000; ++i) rig.change(SourceState::up, "", "sender " + std::to_string(i));
  rig.misses();
  CHECK(rig.present.sources.size() == 1'000);
}

TEST_CASE("news is what changes, the clock too, not that a source goes on to be heard") {
  AccountRig rig;
  CHECK(rig.accounts().has_news(rig.utc));
  rig.misses();
  rig.predict_hops(0, 3);
  CHECK_FALSE(rig.accounts().has_news(rig.utc));
  rig.change(SourceState::down, "gone");
  CHECK(rig.accounts().has_news(rig.utc));
  rig.misses();
  rig.utc += 10ms;  // slewed
  CHECK_FALSE(rig.accounts().has_news(rig.utc));
  rig.utc -= 1h;
  CHECK(rig.accounts().has_news(rig.utc));
  rig.misses();
  CHECK_FALSE(rig.accounts().has_news(rig.utc));
}

TEST_CASE("a padded window covers what was there; a long detail is cut between characters") {
  AccountRig rig;
  rig.predict(0, -30.0, 4'000);
  std::string detail(199, 'x');
  for (int i = 0; i < 100; ++i) detail += "\u00e4";
  rig.change(SourceState::down, detail);
  rig.misses();
  CHECK(rig.present.sources[0].heard_to == at(0.75));
  CHECK(rig.present.sources[0].detail == std::string(199, 'x') + " ...");
}

TEST_CASE("books are kept of sources that keep time, not of a listener for many") {
  SourceSettings listener;
  listener.name = "many";
  listener.kind = TcpSettings{.max_senders = 3};
  SourceSettings sender;
  sender.name = "porch";
  sender.kind = TcpSettings{};
  SourceSettings fast;
  fast.name = "attic";
  fast.kind = TcpSettings{.pace = Pace::fast};
  SourceSettings tape;
  tape.name = "tape";
  tape.kind = FileSettings{};
  const std::vector<BookedSource> booked = booked_sources({listener, sender, fast, tape});
  REQUIRE(booked.size() == 2);
  CHECK(booked[0].name == "porch");
  CHECK_FALSE(booked[0].recorded);
  CHECK(booked[1].recorded);
}

}  // namespace earshot::test
