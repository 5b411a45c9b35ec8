// EventDetector: what has events of its own: labels and their kinds, lists, thresholds, groups, levels.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/nn/events/EventRig.h"

namespace earshot::test {
namespace {

Model bird_softmax() {
  Model model = labels_only({"crow", "owl", "wren"});
  model.architecture.scores = Scores::softmax;
  return model;
}

}  // namespace

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
  EventRig rig(with_quick_end());
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
  EventSettings settings = with_quick_end();
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
  EventSettings settings = with_quick_end();
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

}  // namespace earshot::test
