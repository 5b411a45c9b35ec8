// HeardTally: what is counted, and that nothing of it grows for ever.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "daemon/web/HeardTally.h"
#include "tests/daemon/web/Heard.h"

namespace earshot::test {

TEST_CASE("windows, events, gaps and states are counted by source") {
  UtcClock utc;
  HeardTally tally(utc);
  tally.change(web_facts());
  tally.hear(window_of("mic"));
  tally.hear(window_of("mic", true));
  tally.hear(event_of("mic", "dog"));
  Event end = event_of("mic", "dog");
  end.phase = Event::Phase::end;
  tally.hear(end);
  tally.hear(Gap{"mic", 0, 88200, GapReason::device, 0, 0});
  tally.hear(Gap{"mic", 0, 0, GapReason::overload, 3, 22050});
  tally.hear(SourceChange{"mic", SourceState::up, "hears", {}});

  const HeardTally::Heard heard = tally.heard();
  const HeardTally::Source& mic = heard.sources.at("mic");
  CHECK(mic.predictions == 2);
  CHECK(mic.gated == 1);
  CHECK(mic.events == std::map<std::string, std::uint64_t>{{"dog", 1}});
  CHECK(mic.gaps[1].count == 1);
  CHECK(mic.gaps[1].lost_s == 2.0);
  CHECK(mic.gaps[3].count == 1);
  CHECK(mic.state == SourceState::up);
  CHECK(heard.sources.at("porch").state == SourceState::starting);
}

TEST_CASE("latencies fall into classes; what is ahead of its time has none") {
  UtcClock utc;
  HeardTally tally(utc);
  const auto hear_late_by = [&](std::chrono::milliseconds late) {
    Prediction window = window_of("mic");
    window.time = utc.at(BootClock::now()) - late;
    tally.hear(window);
  };
  hear_late_by(std::chrono::hours(1));
  hear_late_by(-std::chrono::hours(1));
  hear_late_by(std::chrono::milliseconds(5'200));
  const auto latencies = tally.heard().latencies;
  CHECK(latencies.counts.back() == 1);
  CHECK(latencies.counts[latencies.counts.size() - 2] == 1);
  CHECK(latencies.sum_s == Approx(3'605.2).margin(20.0));
  std::uint64_t all = 0;
  for (const std::uint64_t count : latencies.counts) all += count;
  CHECK(all == 2);
}

TEST_CASE(
    "a thousand labels have counts of their own, the rest are others, and one that is gone makes room") {
  UtcClock utc;
  HeardTally tally(utc);
  for (int i = 0; i < 1'500; ++i) tally.hear(event_of("mic", "label " + std::to_string(i)));
  const std::map<std::string, std::uint64_t> before = tally.heard().sources.at("mic").events;
  CHECK(before.size() == HeardTally::kMostEventKinds + 1);
  CHECK(before.at(HeardTally::kOtherLabel) == 500);

  tally.hear(SourceChange{"mic", SourceState::ended, "made room", 5, true});
  tally.hear(event_of("porch", "dog"));
  const auto heard = tally.heard();
  CHECK(heard.sources.at("porch").events.count("dog") == 1);
}

TEST_CASE("senders that come and go leave nothing behind") {
  UtcClock utc;
  HeardTally tally(utc);
  tally.change(web_facts());
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = "barn-" + std::to_string(i);
    tally.hear(SourceChange{name, SourceState::starting, "", {}});
    tally.hear(window_of(name));
    tally.hear(event_of(name, "dog"));
    tally.hear(SourceChange{name, SourceState::ended, "made room", 5, true});
  }
  CHECK(tally.heard().sources.size() == 2);
}

TEST_CASE("a reload that is taken back leaves everything as it was") {
  UtcClock utc;
  HeardTally tally(utc);
  const StreamFacts before = web_facts();
  tally.change(before);
  tally.hear(SourceChange{"porch", SourceState::up, "", {}});
  tally.hear(window_of("porch"));
  StreamFacts facts = before;
  facts.sources = {{"mic", "microphone"}, {"replay", "file"}};
  tally.change(facts);
  tally.change(before);
  const auto heard = tally.heard();
  CHECK(heard.sources.size() == 2);
  CHECK(heard.sources.at("porch").state == SourceState::up);
  CHECK(heard.sources.at("porch").predictions == 1);

  // One that was told to be gone begins anew.
  tally.change(facts);
  tally.hear(SourceChange{"porch", SourceState::ended, "no longer configured", 5, true});
  tally.change(before);
  CHECK(tally.heard().sources.at("porch").state == SourceState::starting);
}

TEST_CASE("a reload takes sources away and adds some; another instance begins with none that was there") {
  UtcClock utc;
  HeardTally tally(utc);
  StreamFacts facts = web_facts();
  tally.change(facts);
  tally.hear(SourceChange{"mic", SourceState::up, "", {}});
  tally.hear(SourceChange{"barn-7", SourceState::up, "", {}});  // a sender that named itself
  facts.sources = {{"mic", "microphone"}, {"replay", "file"}};
  tally.change(facts);
  auto heard = tally.heard();
  CHECK(heard.sources.size() == 3);
  CHECK(heard.sources.at("mic").state == SourceState::up);
  CHECK(heard.sources.count("porch") == 0);
  CHECK(heard.sources.count("barn-7") == 1);
  // What the one that was taken away still says comes after, and leaves nothing.
  tally.hear(SourceChange{"porch", SourceState::ended, "no longer configured", 5, true});
  CHECK(tally.heard().sources.count("porch") == 0);

  facts.instance = new_instance();
  tally.change(facts);
  heard = tally.heard();
  CHECK(heard.sources.size() == 2);
  CHECK(heard.sources.at("mic").state == SourceState::starting);
}

}  // namespace earshot::test
