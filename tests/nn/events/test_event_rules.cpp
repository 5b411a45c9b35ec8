// event_rules: names resolved to a model's labels, or refused with what is nearest.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "dsp/base/StrictToml.h"
#include "nn/events/EventRules.h"
#include "tests/nn/events/EventRig.h"

namespace earshot::test {
namespace {

std::string rules_complaint(const std::string& events) {
  const std::string text = "[[source]]\nname = \"mic\"\nkind = \"microphone\"\n" + events;
  StrictToml table = StrictToml::from_text(text, "dir/earshot.toml").table("events");
  const EventSettings settings = read_event_settings(table);
  try {
    event_rules(settings, animals());
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::config);
    return error.what();
  }
  return "nothing was thrown";
}

std::vector<std::string> names_of(const EventRules& rules) {
  std::vector<std::string> names;
  for (const EventTrack& track : rules.tracks) names.push_back(track.name);
  return names;
}

}  // namespace

TEST_CASE("a label that the model lacks is named with file, line, key and the nearest that it has") {
  CHECK(rules_complaint("[events]\nlabels = [\"Dgo\"]\n") ==
        "dir/earshot.toml:5: key 'events.labels': found \"Dgo\", which is none of the model's 6 labels, expected one "
        "of them; nearest are \"Dog\", \"Cat\", \"Bark\"");
  CHECK_THAT(rules_complaint("[events]\nignore = [\"dog\"]\n"),
             Catch::Matchers::StartsWith("dir/earshot.toml:5: key 'events.ignore': found \"dog\""));
  CHECK_THAT(rules_complaint("[events.threshold]\nDog = 0.5\nCow = 0.5\n"),
             Catch::Matchers::StartsWith("dir/earshot.toml:6: key 'events.threshold.Cow': found \"Cow\""));
  CHECK_THAT(rules_complaint("[[events.group]]\nname = \"pet\"\nlabels = [\"Dog\",\n\"Cow\"]\n"),
             Catch::Matchers::StartsWith("dir/earshot.toml:6: key 'events.group.labels': found \"Cow\""));
}

TEST_CASE("a group or a level has a name of its own") {
  CHECK(rules_complaint("[[events.group]]\nname = \"Dog\"\nlabels = [\"Bark\"]\n") ==
        "dir/earshot.toml:5: key 'events.group.name': found \"Dog\", which is one of the model's labels, expected a "
        "name of its own");
  CHECK_THAT(rules_complaint("[[events.level]]\nname = \"Siren\"\nabove_dbfs = -20\n"),
             Catch::Matchers::StartsWith("dir/earshot.toml:5: key 'events.level.name': found \"Siren\""));
}

TEST_CASE("kinds come before what they are kinds of, groups before all, and members have no events of their own") {
  EventSettings settings;
  settings.groups = {{"pet", "here", {{"Cat", "Dog", "Cat"}, "here"}}};
  settings.levels = {{"loud", "here", -20.0}};
  const EventRules rules = event_rules(settings, animals());
  CHECK(names_of(rules) == std::vector<std::string>{"pet", "Bark", "Animal", "Siren", "loud"});
  CHECK(rules.tracks[0].labels == std::vector<std::size_t>{1, 2});
  CHECK(rules.tracks[0].ancestors == std::vector<std::size_t>{2});
  CHECK(rules.tracks[1].ancestors == std::vector<std::size_t>{2});
}

TEST_CASE("a member of a group counts there though it is ignored or in no list") {
  EventSettings settings;
  settings.labels = NamedLabels{{"Siren", "Animal"}, "here"};
  settings.ignore = {{"Animal"}, "here"};
  settings.groups = {{"pet", "here", {{"Cat"}, "here"}}};
  const EventRules rules = event_rules(settings, animals());
  CHECK(names_of(rules) == std::vector<std::string>{"pet", "Siren"});
}

}  // namespace earshot::test
