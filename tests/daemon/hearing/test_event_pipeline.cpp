// Events through a pipeline with a network: where they lie on the timeline, whatever the chunking, and before what.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/hearing/Pipeline.h"
#include "daemon/stream/JsonLine.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/daemon/Collector.h"
#include "tests/daemon/TestHearing.h"
#include "tests/daemon/TestModel.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kPatch = 15'600;  // at 16 kHz, every 8000

/// A small network at YAMNet's rate, and rules by which it hears something in every window that is not gated.
const Model& small_model() {
  static const Model made = [] {
    Model model = small_yamnet();
    model.meanings.thresholds = {0.0F, 1.0F, 1.0F};
    return model;
  }();
  return made;
}

std::shared_ptr<ClassifierPool> small_classifiers() {
  static const auto pool = one_classifier(small_model());
  return pool;
}

struct EventPipeline {
  EventPipeline() {
    EventSettings settings;
    settings.on_windows = 1;
    sink.on_message = [this](const Message& message) {
      if (std::holds_alternative<Prediction>(message)) order += 'p';
      if (const auto* event = std::get_if<Event>(&message)) order += event->phase == Event::Phase::start ? '+' : '-';
    };
    settings.levels = {{"loud", "here", -20.0}};
    pipeline = std::make_unique<Pipeline>(
        PipelineSettings{.source = "s", .ear = {.gate_dbfs = -60.0}, .instance = "i"},
        hearing_of(small_model(), small_classifiers(), 8000,
                   std::make_shared<const EventRules>(event_rules(settings, small_model()))),
        utc, start, sink, counters);
  }
  std::string lines() const {
    std::string text;
    for (const Event& event : sink.all<Event>()) text += json_line(event, 1);
    return text;
  }

  Collector sink;
  Counters counters;
  static inline UtcClock utc{UtcClock::system_now};  // one for all, so that equal events have equal lines
  static inline const BootClock::time_point start = BootClock::now();
  std::string order;  ///< of predictions, starts and ends
  std::unique_ptr<Pipeline> pipeline;
};

/// Noise of 3 s, silence of 4 s, noise of 3 s.
std::vector<float> two_noises(int rate_hz) {
  const auto rate = static_cast<std::size_t>(rate_hz);
  KeyedRandom random(3);
  std::vector<float> samples(10 * rate);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i < 3 * rate || i >= 7 * rate) samples[i] = 0.1F * static_cast<float>(random.uniform(-1.0, 1.0));
  }
  return samples;
}

}  // namespace

TEST_CASE("two noises are two events that begin with them, and the end of the sound ends the second") {
  EventPipeline rig;
  rig.pipeline->open(16'000);
  rig.pipeline->push(two_noises(16'000));
  const auto events = rig.sink.all<Event>();
  REQUIRE(events.size() == 3);
  CHECK(events[0].label == "rain");
  CHECK(events[0].start_sample == 0);
  CHECK(events[0].time == rig.utc.at(rig.start));
  CHECK(events[1].start_sample == 0);
  CHECK(events[1].end_sample == 5 * 8000 + kPatch);  // of the last window that is not gated
  CHECK(events[1].time == rig.utc.at(rig.start) + 3475ms);
  CHECK(events[1].duration_s == 3.475);
  CHECK(events[2].start_sample >= 7 * 16'000 - 160);
  CHECK(events[2].start_sample <= 7 * 16'000);
  rig.pipeline->finish();
  REQUIRE(rig.sink.all<Event>().size() == 4);
  const Event last = rig.sink.all<Event>()[3];
  CHECK(last.id == events[2].id);
  CHECK(std::get<Ended>(last.why).rule == EndRule::source);
  CHECK(last.end_sample == 18 * 8000 + kPatch);
}

TEST_CASE("the chunking changes nothing of an event, at the model's rate and at others") {
  for (const int rate_hz : {16'000, 44'100}) {
    const std::vector<float> samples = two_noises(rate_hz);
    EventPipeline whole;
    whole.pipeline->open(rate_hz);
    whole.pipeline->push(samples);
    whole.pipeline->finish();
    REQUIRE(whole.sink.all<Event>().size() == 4);
    for (const std::uint64_t key : {1, 2, 3}) {
      EventPipeline cut;
      cut.pipeline->open(rate_hz);
      KeyedRandom random(key);
      for (std::span<const float> rest = samples; !rest.empty();) {
        const std::size_t count = std::min<std::size_t>(rest.size(), 1 + random.below(9'000));
        cut.pipeline->push(rest.first(count));
        rest = rest.subspan(count);
      }
      cut.pipeline->finish();
      CHECK(cut.lines() == whole.lines());
    }
  }
}

TEST_CASE("a window's prediction is told before what begins or ends with it") {
  EventPipeline rig;
  rig.pipeline->open(16'000);
  rig.pipeline->push(two_noises(16'000));
  rig.pipeline->close();
  CHECK(rig.order == "p+ppppppppp-pppp+ppppp-");
}

TEST_CASE("what closes and opens again ends its events in between") {
  EventPipeline rig;
  const std::vector<float> samples = two_noises(16'000);
  for (int i = 0; i < 2; ++i) {
    rig.pipeline->open(16'000);
    rig.pipeline->push(std::span(samples).first(2 * 16'000));
    rig.pipeline->close();
  }
  const auto events = rig.sink.all<Event>();
  REQUIRE(events.size() == 4);
  CHECK(std::get<Ended>(events[1].why).rule == EndRule::source);
  CHECK(events[1].id == events[0].id);
  CHECK(events[2].start_sample >= events[1].end_sample);
}

TEST_CASE("a sound shorter than a window is an event no longer than itself") {
  EventPipeline rig;
  rig.pipeline->open(16'000);
  const std::vector<float> samples = two_noises(16'000);
  rig.pipeline->push(std::span(samples).first(8'000));
  rig.pipeline->finish();
  const auto events = rig.sink.all<Event>();
  REQUIRE(events.size() == 2);
  CHECK(events[1].start_sample == 0);
  CHECK(events[1].end_sample == 8'000);
}

TEST_CASE("without rules there are no events") {
  Collector sink;
  Counters counters;
  UtcClock utc;
  Pipeline pipeline({.source = "s", .ear = {}}, hearing_of(small_model(), small_classifiers(), 8000), utc, {},
                    sink, counters);
  pipeline.open(16'000);
  pipeline.push(two_noises(16'000));
  pipeline.finish();
  CHECK(sink.all<Event>().empty());
  CHECK(sink.all<Prediction>().size() == 19);
}

TEST_CASE("what is heard by changes at a window: events that run end, but not for another hop") {
  EventPipeline rig;
  rig.pipeline->open(16'000);
  KeyedRandom random(5);
  std::vector<float> noise(16'000 * 10);
  for (float& sample : noise) sample = 0.1F * static_cast<float>(random.uniform(-1.0, 1.0));
  rig.pipeline->push(std::span(noise).first(40'000));
  const auto begun = rig.sink.all<Event>().size();
  REQUIRE(begun == 1);

  const auto rules = [] {
    EventSettings settings;
    settings.on_windows = 1;
    return std::make_shared<const EventRules>(event_rules(settings, small_model()));
  };
  const auto by = [](std::uint64_t hop_samples, std::shared_ptr<const EventRules> events) {
    return hearing_of(small_model(), small_classifiers(), hop_samples, std::move(events));
  };
  const auto first_rules = rules();
  rig.pipeline->change({.gate_dbfs = -60.0}, by(8'000, first_rules));
  rig.pipeline->push(std::span(noise).subspan(40'000, 8'000));
  auto events = rig.sink.all<Event>();
  REQUIRE(events.size() == begun + 2);  // it ends, and one begins by the new rules
  CHECK(events[begun].phase == Event::Phase::end);
  CHECK(std::get<Ended>(events[begun].why).rule == EndRule::source);

  rig.pipeline->change({.gate_dbfs = -60.0}, by(4'000, first_rules));
  rig.pipeline->push(std::span(noise).subspan(48'000, 16'000));
  CHECK(rig.sink.all<Event>().size() == begun + 2);
  const auto predictions = rig.sink.all<Prediction>();
  std::vector<std::uint64_t> steps;
  for (std::size_t i = 1; i < predictions.size(); ++i)
    steps.push_back(predictions[i].start_sample - predictions[i - 1].start_sample);
  CHECK(steps == std::vector<std::uint64_t>{8'000, 8'000, 8'000, 8'000, 8'000, 4'000, 4'000});

  // Two changes before a window: of both the last holds, and nothing of the first is lost.
  rig.pipeline->change({.gate_dbfs = 0.0}, by(4'000, first_rules));
  rig.pipeline->change({.gate_dbfs = 0.0}, by(8'000, first_rules));
  rig.pipeline->push(std::span(noise).subspan(64'000, 16'000));
  CHECK(rig.sink.all<Prediction>().back().gated);
  CHECK(rig.sink.all<Prediction>().back().start_sample - rig.sink.all<Prediction>().end()[-2].start_sample ==
        8'000);
}

}  // namespace earshot::test
