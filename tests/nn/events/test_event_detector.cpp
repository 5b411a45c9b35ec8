// EventDetector: when an event begins, how long it goes on and where it ends.
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/nn/events/EventRig.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {

using namespace std::chrono_literals;

TEST_CASE("two of the last three windows at the threshold begin an event, and it says so") {
  EventRig rig;
  rig.hear({{"Dog", 0.5F}});
  rig.hear({{"Dog", 0.25F}});
  CHECK(rig.events().empty());
  rig.hear({{"Dog", 0.625F}});
  REQUIRE(rig.story() == "Dog+");
  const Event event = rig.events()[0];
  CHECK(event.source == "mic");
  CHECK(event.id == "instance-1");
  CHECK(event.start_sample == 0);
  CHECK(event.time == rig.clock.time_of(0));
  CHECK(event.peak_confidence == 0.625F);
  CHECK_FALSE(event.peak_dbfs);
  const auto why = why_of<BegunByWindows>(event);
  CHECK(why.needed == 2);
  CHECK(why.of == 3);
  CHECK(why.threshold == 0.5F);
  CHECK(why.scores == std::vector<float>{0.5F, 0.25F, 0.625F});
  CHECK(why.member.empty());
}

TEST_CASE("two windows that are further apart begin nothing") {
  EventRig rig;
  rig.hear({{"Dog", 0.6F}});
  rig.hear_times(2, {});
  rig.hear({{"Dog", 0.6F}});
  CHECK(rig.events().empty());
}

TEST_CASE("a sneeze lasts one window and is an event: half way from the threshold to 1 one window is enough") {
  EventRig rig;
  rig.hear({{"Dog", 0.74F}, {"Siren", 0.75F}});
  REQUIRE(rig.story() == "Siren+");
  const auto why = why_of<BegunBySurety>(rig.events()[0]);
  CHECK(why.threshold == 0.75F);
  CHECK(why.score == 0.75F);
}

TEST_CASE("an event ends when off_s went by since its last window, where that window ended") {
  EventRig rig;  // off_s 2
  rig.hear({{"Dog", 0.9F}});
  rig.hear({{"Dog", 0.5F}});  // ends at 1.5
  rig.hear_times(3, {{"Dog", 0.49F}});
  CHECK(rig.story() == "Dog+");
  rig.hear({});  // ends at 3.5
  REQUIRE(rig.story() == "Dog+ Dog-");
  const Event event = rig.events()[1];
  CHECK(event.id == "instance-1");
  CHECK(event.start_sample == 0);
  CHECK(event.end_sample == 1500);
  CHECK(event.duration_s == 1.5);
  CHECK(event.time == rig.clock.time_of(1500));
  CHECK(event.peak_confidence == 0.9F);
  const auto why = why_of<Ended>(event);
  CHECK(why.rule == EndRule::quiet);
  CHECK(why.windows == 2);
  CHECK(why.mean_confidence == Approx(0.7F));
}

TEST_CASE("a pause shorter than off_s interrupts nothing") {
  EventRig rig;
  for (int i = 0; i < 20; ++i) {
    rig.hear({{"Dog", 0.8F}});
    rig.hear_times(3, {});
  }
  CHECK(rig.story() == "Dog+");
}

TEST_CASE("what ended begins anew by windows of its own only") {
  EventRig rig(with_quick_end());
  rig.hear_times(2, {{"Dog", 0.6F}});
  rig.hear({});  // ends it; two of these three windows had it
  REQUIRE(rig.story() == "Dog+ Dog-");
  rig.hear({{"Dog", 0.6F}});
  CHECK(rig.story() == "Dog+ Dog-");
  rig.hear({{"Dog", 0.6F}});
  REQUIRE(rig.story() == "Dog+ Dog- Dog+");
  CHECK(rig.events()[2].id == "instance-2");
  CHECK(rig.events()[2].start_sample >= rig.events()[1].end_sample);
}

TEST_CASE("an event shorter than min_s is told to nobody, a longer one from where it began") {
  EventSettings settings = with_quick_end();
  settings.min_s = 2.0;
  EventRig rig(settings);
  rig.hear_times(2, {{"Dog", 0.6F}});  // 1.5 s
  rig.hear_times(3, {});
  CHECK(rig.events().empty());
  rig.hear_times(2, {{"Dog", 0.6F}});  // from 2.5 s on
  CHECK(rig.events().empty());
  rig.hear({{"Dog", 0.7F}});
  REQUIRE(rig.story() == "Dog+");
  CHECK(rig.events()[0].start_sample == 2500);
  CHECK(rig.events()[0].peak_confidence == 0.7F);
  CHECK(why_of<BegunByWindows>(rig.events()[0]).scores == std::vector<float>{0.0F, 0.6F, 0.6F});
  CHECK(rig.events()[0].id == "instance-1");
}

TEST_CASE("at max_s an event ends to the sample, and what goes on begins anew there") {
  EventSettings settings;
  settings.max_s = 3.2;
  EventRig rig(settings);
  rig.hear_times(9, {{"Dog", 0.6F}});
  REQUIRE(rig.story() == "Dog+ Dog- Dog+");
  const std::vector<Event> events = rig.events();
  CHECK(events[1].end_sample == 3200);
  CHECK(why_of<Ended>(events[1]).rule == EndRule::max_s);
  CHECK(events[2].start_sample == 3200);
}

TEST_CASE("after an end a label does not begin for cooldown_s") {
  EventSettings settings = with_quick_end();
  settings.cooldown_s = 3.0;
  EventRig rig(settings);
  rig.hear({{"Dog", 0.9F}});  // ends at 1.0: until 4.0
  rig.hear({});
  REQUIRE(rig.story() == "Dog+ Dog-");
  while (rig.next + 1000 <= 4000) rig.hear({{"Dog", 0.9F}});
  CHECK(rig.story() == "Dog+ Dog-");
  rig.hear({{"Dog", 0.9F}, {"Siren", 0.9F}});
  CHECK(rig.story() == "Dog+ Dog- Dog+ Siren+");
  CHECK(rig.events()[2].start_sample == 4000);
}

TEST_CASE("a quiet window has no label, whatever it would have been") {
  EventRig rig(with_quick_end());
  rig.hear({{"Dog", 0.6F}});
  rig.hear_gated();
  rig.hear({{"Dog", 0.6F}});
  REQUIRE(rig.story() == "Dog+");
  CHECK(std::isnan(why_of<BegunByWindows>(rig.events()[0]).scores[1]));
  rig.hear_gated();
  CHECK(rig.story() == "Dog+ Dog-");
}

TEST_CASE("no count spans a gap, and a gap of off_s ends what runs") {
  EventRig rig;
  rig.hear({{"Dog", 0.6F}});
  rig.next += 1000;
  rig.hear({{"Dog", 0.6F}});
  CHECK(rig.events().empty());
  rig.hear({{"Dog", 0.6F}});
  CHECK(rig.story() == "Dog+");
  rig.next += 2000;  // 1.5 s after the last window
  rig.hear({{"Dog", 0.6F}});
  CHECK(rig.story() == "Dog+");
  const std::uint64_t before = rig.next + 500;
  rig.next += 2500;
  rig.hear({{"Dog", 0.9F}});
  REQUIRE(rig.story() == "Dog+ Dog- Dog+");
  CHECK(rig.events()[1].end_sample == before);
  CHECK(rig.events()[2].start_sample == before + 2000);
}

TEST_CASE("windows side by side go on with off_s 0") {
  EventSettings settings;
  settings.off_s = 0.0;
  EventRig rig(settings);
  for (std::uint64_t i = 0; i < 5; ++i) {
    rig.next = 1000 * i;
    rig.hear({{"Dog", 0.9F}});
  }
  CHECK(rig.story() == "Dog+");
}

TEST_CASE("when the source breaks off every event ends, once, and no count spans that") {
  EventRig rig;
  rig.hear({{"Dog", 0.9F}, {"Siren", 0.9F}, {"Cat", 0.6F}});
  rig.detector.end_all();
  rig.detector.end_all();
  REQUIRE(rig.story() == "Dog+ Siren+ Dog- Siren-");
  CHECK(why_of<Ended>(rig.events()[2]).rule == EndRule::source);
  CHECK(rig.events()[2].end_sample == 1000);
  rig.hear({{"Cat", 0.6F}});
  CHECK(rig.story() == "Dog+ Siren+ Dog- Siren-");
  rig.hear({{"Dog", 0.9F}});
  CHECK(rig.events().back().start_sample == 1000);
}

TEST_CASE("an event starts where the sound rises to within 20 dB of the loudest, in the earliest window that counts") {
  EventRig rig;
  std::vector<float> samples(1000);
  for (std::size_t i = 300; i < 1000; ++i) samples[i] = i % 2 == 0 ? 0.5F : -0.5F;
  rig.hear({{"Dog", 0.6F}}, -6.0, samples);
  rig.hear({{"Dog", 0.6F}}, -6.0, samples);
  REQUIRE(rig.story() == "Dog+");
  CHECK(rig.events()[0].start_sample == 300);
}

TEST_CASE("no event ends before it begins, also if the sender caught up meanwhile") {
  EventRig rig(with_quick_end());
  rig.clock.heard(1000, UtcTime(100s));
  rig.hear({{"Dog", 0.9F}});
  rig.clock.heard(60'000, UtcTime(100s));
  rig.hear({});
  REQUIRE(rig.story() == "Dog+ Dog-");
  CHECK(rig.events()[0].time == UtcTime(99s));
  CHECK(rig.events()[1].time == UtcTime(99s));
}

TEST_CASE("of a window the ends are told before the starts") {
  EventSettings settings = with_quick_end();
  EventRig rig(settings);
  rig.hear({{"Siren", 0.9F}, {"Animal", 0.9F}});
  rig.hear({{"Dog", 0.9F}, {"Cat", 0.9F}});
  CHECK(rig.story() == "Animal+ Siren+ Animal- Siren- Dog+ Cat+");
}

TEST_CASE("windows in which nothing begins or ends allocate nothing") {
  std::vector<std::string> labels;
  for (int i = 0; i < 521; ++i) labels.push_back("label " + std::to_string(i));
  const Model model = labels_only(labels);
  const auto rules = std::make_shared<const EventRules>(event_rules({}, model));
  const StreamClock clock(1000, {});
  KeptEvents sink;
  std::atomic<std::uint64_t> numbered{0};
  EventDetector detector(rules, "mic", "instance", clock, sink, numbered);
  std::vector<float> scores(labels.size(), 0.1F);
  scores[3] = 0.9F;
  detector.hear({.start_sample = 0, .end_sample = 1000, .level_dbfs = -30.0, .scores = scores, .samples = {}});
  const AllocationGuard guard;
  for (std::uint64_t i = 1; i < 50; ++i) {
    detector.hear(
        {.start_sample = 500 * i, .end_sample = 500 * i + 1000, .level_dbfs = -30.0, .scores = scores, .samples = {}});
  }
  const auto count = guard.allocations();
  CHECK(count == 0);
  CHECK(sink.events.size() == 1);
}

}  // namespace earshot::test
