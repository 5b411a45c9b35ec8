// Journal: one line a change, a summary a minute, whatever happens how often.
#include <chrono>

#include <catch2/catch.hpp>

#include "daemon/Journal.h"
#include "tests/daemon/Collector.h"
#include "tests/daemon/LogLines.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

Journal::Clock::time_point journal_now{};

Journal::Clock::time_point now_of_journal() { return journal_now; }

struct JournalRig {
  LogLines log;
  Collector sink;
  Journal journal{sink, 1'000, now_of_journal};

  void skip(std::uint64_t windows) { journal.publish(Gap{"mic", 5, 0, GapReason::overload, windows}); }
  void lose(std::uint64_t samples) { journal.publish(Gap{"mic", 5, samples, GapReason::network, 0}); }
  void change(SourceState state, const std::string& detail) { journal.publish(SourceChange{"mic", state, detail, {}}); }
};

}  // namespace

TEST_CASE("overload is a line when it begins and one a minute, with all that was skipped; the stream has every gap") {
  JournalRig rig;
  rig.skip(2);
  CHECK(rig.log.count("source 'mic': 2 windows skipped from sample 5 on: classification is too slow") == 1);
  for (int i = 0; i < 600; ++i) {
    journal_now += 100ms;
    rig.skip(1);
    rig.journal.tick();
  }
  CHECK(rig.log.count("skipped") == 2);
  CHECK(rig.log.count("600 more windows skipped within 60 s: classification is too slow") +
            rig.log.count("599 more windows skipped within 60 s: classification is too slow") ==
        1);
  CHECK(rig.sink.all<Gap>().size() == 601);
  journal_now += 10min;
  rig.skip(3);  // it begins anew
  CHECK(rig.log.count("3 windows skipped from sample 5 on") == 1);
}

TEST_CASE("losses of one reason are told together, those of another by themselves") {
  JournalRig rig;
  rig.lose(1'500);
  CHECK(rig.log.count("source 'mic': 1.500 s lost at sample 5 (network)") == 1);
  rig.skip(1);
  CHECK(rig.log.count("1 windows skipped") == 1);
  rig.lose(500);
  rig.lose(250);
  journal_now += 61s;
  rig.journal.tick();
  CHECK(rig.log.count("source 'mic': 0.750 s more lost within 60 s, in 2 gaps (network)") == 1);
  rig.journal.tick();
  CHECK(rig.log.count("more lost") == 1);
}

TEST_CASE("a source that comes and goes all the time is ten lines a minute and a summary; its end is always told") {
  JournalRig rig;
  for (int i = 0; i < 100; ++i) rig.change(i % 2 ? SourceState::down : SourceState::up, "10.0.0.7:4242");
  CHECK(rig.log.count("source 'mic'") == 10);
  journal_now += 61s;
  rig.journal.tick();
  CHECK(rig.log.count("source 'mic' changed its state 90 more times within 60 s, now down: 10.0.0.7:4242") == 1);
  for (int i = 0; i < 100; ++i) rig.change(i % 2 ? SourceState::down : SourceState::up, "10.0.0.7:4242");
  rig.change(SourceState::ended, "stopped");
  CHECK(rig.log.count("source 'mic' ended: stopped") == 1);
}

TEST_CASE("what was kept is told at the end") {
  LogLines log;
  Collector sink;
  {
    Journal journal(sink, 1'000, now_of_journal);
    for (int i = 0; i < 3; ++i) journal.publish(Gap{"mic", 5, 0, GapReason::overload, 1});
  }
  CHECK(log.count("2 more windows skipped") == 1);
}

}  // namespace earshot::test
