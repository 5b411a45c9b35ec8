// count_false_alarms: events of recordings, by label and by the hour; and events_of, which finds them again.
#include <algorithm>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "nn/events/EventDetector.h"
#include "tests/train/measuring/DrawnRecordings.h"
#include "train/measuring/FalseAlarms.h"

namespace earshot::test {
namespace {

std::string told(const Event& event) {
  return event.id + ' ' + event.label + ' ' + std::to_string(event.start_sample) + ' ' +
         std::to_string(event.end_sample) + ' ' + std::to_string(event.peak_confidence) + ' ' +
         std::to_string(std::get<Ended>(event.why).windows) + ' ' +
         std::to_string(std::get<Ended>(event.why).mean_confidence);
}

/// What a detector says that is told of all scores.
std::vector<std::string> ends_of(const DrawnRecording& drawn, const EventRules& rules) {
  const StreamClock clock(rules.rate_hz, {});
  KeptEvents sink;
  std::atomic<std::uint64_t> numbered{0};
  EventDetector detector(std::make_shared<const EventRules>(rules), "", "", clock, sink, numbered);
  for (std::size_t i = 0; i < drawn.scores.size(); ++i) {
    const HeardRecording::Window& window = drawn.kept.windows[i];
    detector.hear({.start_sample = window.start_sample,
                   .end_sample = window.end_sample,
                   .scores = window.gated ? std::span<const float>() : drawn.scores[i],
                   .samples = {},
                   .onset_samples = window.onset_samples});
  }
  detector.end_all();
  std::vector<std::string> ends;
  for (const Event& event : sink.events) {
    if (event.phase == Event::Phase::end) ends.push_back(told(event));
  }
  return ends;
}

/// A recording of `seconds` in which the windows that begin `at_half_seconds` have `label`.
HeardRecording said(int seconds, std::uint32_t label, float score, const std::vector<int>& at_half_seconds) {
  HeardRecording recording;
  for (int i = 0; i + 2 <= 2 * seconds; ++i) {
    const auto start = static_cast<std::uint64_t>(500 * i);
    if (std::ranges::find(at_half_seconds, i) != at_half_seconds.end()) recording.scores.push_back({label, score});
    recording.windows.push_back({.start_sample = start,
                                 .end_sample = start + 1000,
                                 .onset_samples = 100,
                                 .scores_end = recording.scores.size()});
  }
  recording.heard_samples = static_cast<std::uint64_t>(1000 * seconds);
  return recording;
}

}  // namespace

TEST_CASE("scores at their thresholds are enough to find every event again") {
  for (std::uint64_t key = 0; key < 40; ++key) {
    KeyedRandom random(key);
    Model model = animals();
    if (key % 3 == 1) model.meanings.thresholds = {0.6F, 0.0F, 0.4F, 0.5F, 1.0F, 0.5F};
    if (key % 3 == 2) model.architecture.scores = Scores::softmax;
    const DrawnRecording drawn = drawn_recording(random, model, 300);
    EventRules rules = event_rules({}, model);
    for (int raised = 0; raised < 3; ++raised) {
      std::vector<std::string> again;
      for (const Event& event : events_of(drawn.kept, rules)) again.push_back(told(event));
      INFO("round " << key << ", thresholds raised " << raised << " times");
      REQUIRE(again == ends_of(drawn, rules));
      for (std::size_t label = 0; label < rules.thresholds.size(); ++label) {
        rules.set_threshold(label, rules.thresholds[label] + 0.3F * (1.0F - rules.thresholds[label]));
      }
    }
  }
}

TEST_CASE("events are counted by label over the hours, and the surest of them is told") {
  const Model model = animals();
  const std::vector<HeardRecording> recordings{said(1800, 4, 0.9F, {100, 2000}), said(5400, 4, 0.95F, {40}),
                                               said(3600, 1, 0.8F, {20})};
  const FalseAlarms alarms = count_false_alarms(recordings, event_rules({}, model), 1);
  CHECK(alarms.rate.events == 4);
  CHECK(alarms.rate.hours == 3.0);
  CHECK(alarms.silent == 3);  // of six labels one is ambience
  REQUIRE(alarms.labels.size() == 2);
  CHECK(alarms.labels[0].label == 4);
  CHECK(alarms.labels[0].rate.events == 3);
  CHECK(alarms.labels[0].rate.per_hour() == 1.0);
  CHECK(alarms.labels[0].peak == 0.95F);
  CHECK(alarms.labels[0].recording == 1);
  CHECK(alarms.labels[0].start_sample == 20'100);
  CHECK(alarms.labels[1].label == 1);
}

TEST_CASE("an event of what a recording holds is no false alarm, and its hours are none of the label's") {
  const Model model = animals();
  std::vector<HeardRecording> recordings{said(1800, 4, 0.9F, {100, 2000}), said(3600, 4, 0.8F, {40})};
  recordings[0].held = {false, false, false, false, true, false};
  const FalseAlarms alarms = count_false_alarms(recordings, event_rules({}, model), 1);
  CHECK(alarms.rate.events == 1);
  CHECK(alarms.rate.hours == 1.5);
  REQUIRE(alarms.labels.size() == 1);
  CHECK(alarms.labels[0].rate.hours == 1.0);
  CHECK(alarms.labels[0].peak == 0.8F);
}

TEST_CASE("threads change nothing of what is counted") {
  const Model model = animals();
  const std::vector<HeardRecording> recordings = drawn_recordings(3, model, 7, 400);
  const FalseAlarms one = count_false_alarms(recordings, event_rules({}, model), 1);
  const FalseAlarms four = count_false_alarms(recordings, event_rules({}, model), 4);
  REQUIRE(one.rate.events > 20);
  REQUIRE(one.labels.size() == four.labels.size());
  for (std::size_t i = 0; i < one.labels.size(); ++i) {
    CHECK(one.labels[i].label == four.labels[i].label);
    CHECK(one.labels[i].rate.events == four.labels[i].rate.events);
    CHECK(one.labels[i].recording == four.labels[i].recording);
    CHECK(one.labels[i].start_sample == four.labels[i].start_sample);
  }
}

}  // namespace earshot::test
