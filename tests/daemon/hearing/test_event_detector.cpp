// EventDetector: each rule by which an event begins, goes on and ends.
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/daemon/EventRig.h"
#include "tests/support/AllocationGuard.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

template <class Why>
Why why_of(const Event& event) {
  REQUIRE(std::holds_alternative<Why>(event.why));
  return std::get<Why>(event.why);
}

EventSettings quick() {
  EventSettings settings;
  settings.off_s = 0.5;
  return settings;
}

Model bird_softmax() {
  Model model = labels_only({"crow", "owl", "wren"});
  model.architecture.scores = Scores::softmax;
  return model;
}

}  // namespace

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
  EventRig rig(quick());
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
  EventSettings settings = quick();
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
  EventSettings settings = quick();
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
  EventRig rig(quick());
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

TEST_CASE("the child takes its parent's place, and its start") {
  EventRig rig;
  rig.hear({{"Animal", 0.8F}});
  rig.hear({{"Animal", 0.8F}, {"Bark", 0.6F}});
  REQUIRE(rig.story() == "Animal+");
  rig.hear({{"Animal", 0.95F}, {"Bark", 0.6F}});
  REQUIRE(rig.story() == "Animal+ Animal- Bark+");
  const std::vector<Event> events = rig.events();
  const auto why = why_of<Ended>(events[1]);
  CHECK(why.rule == EndRule::became);
  CHECK(why.became == "Bark");
  CHECK(events[1].end_sample == 2000);
  CHECK(events[2].start_sample == events[0].start_sample);
  CHECK(events[2].time == events[0].time);
  CHECK(events[2].peak_confidence == 0.6F);
  CHECK(events[2].id != events[0].id);
}

TEST_CASE("while a child runs neither parent nor grandparent begins, also in the window in which it begins") {
  EventRig rig;
  for (int i = 0; i < 4; ++i) rig.hear({{"Animal", 0.9F}, {"Dog", 0.9F}, {"Bark", 0.9F}});
  rig.hear({{"Animal", 0.9F}, {"Dog", 0.9F}});
  CHECK(rig.story() == "Bark+");
}

TEST_CASE("siblings run side by side") {
  EventRig rig;
  rig.hear({{"Animal", 0.9F}, {"Dog", 0.9F}});
  rig.hear({{"Animal", 0.9F}, {"Cat", 0.9F}});
  CHECK(rig.story() == "Dog+ Cat+");
}

TEST_CASE("after a child's end its parent begins by windows from there on") {
  EventRig rig(quick());
  rig.hear({{"Dog", 0.9F}, {"Animal", 0.9F}});     // until 1.0
  rig.hear_times(2, {{"Animal", 0.9F}});           // from 0.5 and 1.0 on
  REQUIRE(rig.story() == "Dog+ Dog- Animal+");
  CHECK(rig.events()[2].start_sample == 1000);
  CHECK(why_of<BegunBySurety>(rig.events()[2]).score == 0.9F);
}

TEST_CASE("a child with two parents takes the earliest start") {
  EventRig rig({}, labels_only({"Bird", "Farm", "Fowl"}, {{2, 0}, {2, 1}}));
  rig.hear({{"Farm", 0.9F}});
  rig.hear({{"Farm", 0.9F}, {"Bird", 0.9F}});
  rig.hear({{"Fowl", 0.9F}});
  REQUIRE(rig.story() == "Farm+ Bird+ Bird- Farm- Fowl+");
  CHECK(rig.events()[4].start_sample == 0);
}

TEST_CASE("a child that is not told of for min_s hinders its parent no sooner") {
  EventSettings settings = quick();
  settings.min_s = 1.2;
  EventRig rig(settings);
  rig.hear({{"Animal", 0.9F}});
  rig.hear({{"Animal", 0.9F}, {"Bark", 0.9F}});
  CHECK(rig.story() == "Animal+");
  rig.hear({{"Animal", 0.9F}});  // Bark is over before anybody heard of it
  CHECK(rig.story() == "Animal+");
  rig.hear({{"Animal", 0.9F}, {"Bark", 0.9F}});
  CHECK(rig.story() == "Animal+");
  rig.hear({{"Animal", 0.9F}, {"Bark", 0.9F}});
  REQUIRE(rig.story() == "Animal+ Animal- Bark+");
  CHECK(why_of<Ended>(rig.events()[1]).rule == EndRule::became);
}

TEST_CASE("a parent that nobody was told of is forgotten when a child of it is told of, and leaves it no start") {
  EventSettings settings;
  settings.min_s = 1.2;
  EventRig rig(settings);
  rig.hear({{"Animal", 0.9F}});
  rig.hear({{"Dog", 0.9F}});
  rig.hear({{"Dog", 0.9F}, {"Animal", 0.9F}});
  REQUIRE(rig.story() == "Dog+");
  CHECK(rig.events()[0].start_sample == 500);
  rig.detector.end_all();
  CHECK(rig.story() == "Dog+ Dog-");
}

TEST_CASE("ambience makes no events unless it is named in a list") {
  EventRig usual;
  usual.hear({{"Silence", 1.0F}});
  CHECK(usual.events().empty());
  EventSettings listed;
  listed.labels = NamedLabels{{"Silence", "Animal"}, "here"};
  EventRig rig(listed);
  rig.hear({{"Silence", 1.0F}, {"Siren", 1.0F}, {"Dog", 1.0F}});
  CHECK(rig.story() == "Silence+");
  rig.hear({{"Animal", 1.0F}, {"Dog", 1.0F}});
  CHECK(rig.story() == "Silence+ Animal+");
}

TEST_CASE("what is ignored is so with all its kinds") {
  EventSettings settings;
  settings.ignore = {{"Dog"}, "here"};
  EventRig rig(settings);
  rig.hear({{"Dog", 1.0F}, {"Bark", 1.0F}});
  CHECK(rig.events().empty());
  rig.hear({{"Dog", 1.0F}, {"Bark", 1.0F}, {"Cat", 1.0F}});
  CHECK(rig.story() == "Cat+");
}

TEST_CASE("thresholds: the configuration's, else the model's, else a half") {
  Model model = animals();
  EventSettings settings;
  settings.thresholds = {{"Cat", 0.2, "here"}};
  EventRig plain(settings, model);
  plain.hear_times(2, {{"Cat", 0.2F}, {"Siren", 0.49F}});
  CHECK(plain.story() == "Cat+");
  model.meanings.thresholds = {0.9F, 0.9F, 0.9F, 0.9F, 0.3F, 0.9F};
  EventRig stored(settings, model);
  stored.hear_times(2, {{"Cat", 0.2F}, {"Siren", 0.3F}, {"Dog", 0.89F}});
  CHECK(stored.story() == "Cat+ Siren+");
}

TEST_CASE("of a softmax without thresholds only the highest score counts") {
  EventSettings settings;
  settings.thresholds = {{"crow", 0.1, "here"}, {"owl", 0.1, "here"}};
  EventRig rig(settings, bird_softmax());
  rig.hear_times(3, {{"crow", 0.3F}, {"owl", 0.4F}, {"wren", 0.3F}});
  CHECK(rig.story() == "owl+");
  settings.groups = {{"night", "here", {{"crow", "wren"}, "here"}}};
  EventRig grouped(settings, bird_softmax());
  grouped.hear_times(3, {{"crow", 0.4F}, {"owl", 0.5F}, {"wren", 0.1F}});
  CHECK(grouped.story() == "owl+");
  grouped.hear_times(2, {{"crow", 0.3F}, {"owl", 0.1F}, {"wren", 0.6F}});
  REQUIRE(grouped.story() == "owl+ night+");
  CHECK(why_of<BegunByWindows>(grouped.events()[1]).member == "wren");
}

TEST_CASE("a group is one event of its name, of whichever member, and says which") {
  EventSettings settings;
  settings.groups = {{"pet", "here", {{"Dog", "Cat"}, "here"}}};
  settings.thresholds = {{"Cat", 0.2, "here"}};
  EventRig rig(settings);
  rig.hear({{"Dog", 0.55F}, {"Animal", 0.9F}});
  REQUIRE(rig.story() == "Animal+");
  rig.hear({{"Cat", 0.5F}, {"Animal", 0.9F}});
  REQUIRE(rig.story() == "Animal+ Animal- pet+");
  const Event event = rig.events()[2];
  CHECK(event.start_sample == 0);
  CHECK(event.peak_confidence == 0.55F);
  const auto why = why_of<BegunByWindows>(event);
  CHECK(why.member == "Cat");
  CHECK(why.threshold == 0.2F);
  rig.hear_times(10, {{"Cat", 0.9F}, {"Dog", 0.9F}, {"Animal", 0.9F}});
  CHECK(rig.story() == "Animal+ Animal- pet+");
}

TEST_CASE("one window is enough for a group, too, if one of its members is sure") {
  EventSettings settings;
  settings.groups = {{"pet", "here", {{"Dog", "Cat"}, "here"}}};
  settings.thresholds = {{"Cat", 0.2, "here"}};
  EventRig rig(settings);
  rig.hear({{"Dog", 0.74F}, {"Cat", 0.65F}});
  REQUIRE(rig.story() == "pet+");
  const auto why = why_of<BegunBySurety>(rig.events()[0]);
  CHECK(why.member == "Cat");
  CHECK(why.threshold == Approx(0.6F));
  CHECK(why.score == 0.65F);
}

TEST_CASE("a level begins an event in one window, gated or not, and lasts until off_s after it") {
  EventSettings settings = quick();
  settings.levels = {{"loud", "here", -20.0}, {"any", "here", -80.0}};
  EventRig rig(settings);
  rig.hear_gated(-70.0);
  REQUIRE(rig.story() == "any+");
  const auto why = why_of<BegunByLevel>(rig.events()[0]);
  CHECK(why.above_dbfs == -80.0);
  CHECK(why.level_dbfs == -70.0);
  CHECK(rig.events()[0].peak_confidence == 1.0F);
  CHECK(rig.events()[0].peak_dbfs == -70.0);
  rig.hear({}, -20.0);
  rig.hear({}, -12.5);
  rig.hear({}, -20.1);
  REQUIRE(rig.story() == "any+ loud+ loud-");
  CHECK(rig.events()[2].peak_dbfs == -12.5);
  CHECK(rig.events()[2].end_sample == 2000);
  CHECK(why_of<Ended>(rig.events()[2]).windows == 2);
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
  EventRig rig(quick());
  rig.clock.heard(1000, UtcTime(100s));
  rig.hear({{"Dog", 0.9F}});
  rig.clock.heard(60'000, UtcTime(100s));
  rig.hear({});
  REQUIRE(rig.story() == "Dog+ Dog-");
  CHECK(rig.events()[0].time == UtcTime(99s));
  CHECK(rig.events()[1].time == UtcTime(99s));
}

TEST_CASE("of a window the ends are told before the starts") {
  EventSettings settings = quick();
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
  Collector sink;
  Counters counters;
  EventDetector detector(rules, "mic", "instance", clock, sink, counters);
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
  CHECK(sink.all<Event>().size() == 1);
}

}  // namespace earshot::test
