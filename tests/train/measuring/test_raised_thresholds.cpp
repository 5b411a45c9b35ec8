// raise_thresholds: no label has more events an hour than are wanted, and no threshold is higher than that takes.
#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/train/measuring/DrawnRecordings.h"
#include "train/measuring/FalseAlarms.h"
#include "train/measuring/RaisedThresholds.h"

namespace earshot::test {
namespace {

RaisedThresholds raised_for(const Model& model, const std::vector<HeardRecording>& recordings, double per_hour,
                            unsigned threads = 1) {
  return raise_thresholds(model, recordings, per_hour, threads, [] { return false; });
}

/// Of one label, by thresholds for all.
double rate_of(std::size_t label, Model model, const std::vector<HeardRecording>& recordings,
               const std::vector<float>& thresholds) {
  model.meanings.thresholds = thresholds;
  for (const LabelAlarms& own : count_false_alarms(recordings, event_rules({}, model), 1).labels) {
    if (own.label == label) return own.rate.per_hour();
  }
  return 0.0;
}

}  // namespace

TEST_CASE("measured again, no label is above the rate, and thresholds have only risen") {
  for (std::uint64_t key = 0; key < 4; ++key) {
    INFO("round " << key);
    Model model = animals();
    if (key % 2 == 1) model.meanings.thresholds = {0.35F, 0.4F, 0.3F, 0.6F, 0.0F, 0.5F};
    const std::vector<HeardRecording> recordings = drawn_recordings(key, model, 3, 400);
    const double wanted = 20.0 * static_cast<double>(1 + key % 5);
    const RaisedThresholds raised = raised_for(model, recordings, wanted);
    const std::vector<float> before = heard_thresholds(model);
    REQUIRE(raised.thresholds.size() == before.size());
    CHECK(!raised.raised.empty());
    std::size_t above_before = 0;
    for (std::size_t label = 0; label < before.size(); ++label) {
      const bool in_list = std::ranges::binary_search(raised.raised, label);
      CHECK((raised.thresholds[label] > before[label]) == in_list);
      CHECK(raised.thresholds[label] >= before[label]);
      if (rate_of(label, model, recordings, before) > wanted) ++above_before;
      if (std::ranges::binary_search(raised.unreachable, label)) continue;
      CHECK(rate_of(label, model, recordings, raised.thresholds) <= wanted);
    }
    CHECK(above_before > 0);
  }
}

TEST_CASE("of labels that stand alone each has the lowest thousandth that will do") {
  const Model model = labels_only({"a", "b", "c"});
  const std::vector<HeardRecording> recordings = drawn_recordings(9, model, 3, 250);
  const RaisedThresholds raised = raised_for(model, recordings, 60.0);
  CHECK(raised.raised.size() == 3);
  for (std::size_t label = 0; label < 3; ++label) {
    for (int step = 500; step < 1000; ++step) {
      std::vector<float> thresholds = heard_thresholds(model);
      thresholds[label] = static_cast<float>(step / 1000.0);
      if (thresholds[label] == raised.thresholds[label]) break;
      REQUIRE(rate_of(label, model, recordings, thresholds) > 60.0);
    }
  }
}

TEST_CASE("what is rare enough stays as it is, and so does what recordings hold") {
  const Model model = labels_only({"a", "b"});
  std::vector<HeardRecording> recordings = drawn_recordings(4, model, 2, 400);
  CHECK(raised_for(model, recordings, 3600.0).raised.empty());
  for (HeardRecording& recording : recordings) recording.held = {true, false};
  CHECK(raised_for(model, recordings, 30.0).raised == std::vector<std::size_t>{1});
}

TEST_CASE("a label whose scores are 1 is named, and its threshold stays") {
  const Model model = labels_only({"a", "b"});
  HeardRecording recording;
  for (std::uint64_t i = 0; i < 100; ++i) {
    if (i % 10 == 0) recording.scores.push_back({0, 1.0F});
    recording.windows.push_back({.start_sample = 500 * i, .end_sample = 500 * i + 1000, .scores_end = i / 10 + 1});
  }
  recording.heard_samples = 50'500;
  const RaisedThresholds raised = raised_for(model, {recording}, 100.0);
  CHECK(raised.unreachable == std::vector<std::size_t>{0});
  CHECK(raised.raised.empty());
  CHECK(raised.thresholds == std::vector<float>{0.5F, 0.5F});
}

TEST_CASE("a parent that its kind has kept silent is raised as well") {
  // Dog is never surer than 0.6, Animal never than 0.9: once Dog's events are gone, Animal's would take their place.
  Model model = animals();
  HeardRecording recording;
  for (std::uint64_t i = 0; i < 400; ++i) {
    if (i % 40 < 4) {
      recording.scores.push_back({0, 0.9F});
      recording.scores.push_back({1, 0.6F});
    }
    recording.windows.push_back(
        {.start_sample = 500 * i, .end_sample = 500 * i + 1000, .scores_end = recording.scores.size()});
  }
  recording.heard_samples = 200'500;
  const std::vector<HeardRecording> recordings{recording};
  CHECK(rate_of(1, model, recordings, heard_thresholds(model)) > 100.0);
  const RaisedThresholds raised = raised_for(model, recordings, 60.0);
  CHECK(raised.raised == std::vector<std::size_t>{0, 1});
  CHECK(raised.thresholds[0] == 0.901F);
  CHECK(raised.thresholds[1] == 0.601F);
}

TEST_CASE("threads change nothing of what is raised") {
  const Model model = labels_only({"a", "b", "c", "d", "e", "f"}, {{1, 0}, {3, 2}});
  const std::vector<HeardRecording> recordings = drawn_recordings(5, model, 3, 300);
  const RaisedThresholds one = raised_for(model, recordings, 100.0, 1);
  CHECK(one.raised.size() > 2);
  CHECK(raised_for(model, recordings, 100.0, 4).thresholds == one.thresholds);
}

}  // namespace earshot::test
