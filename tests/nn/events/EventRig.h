// EventRig: a detector without a model or sound around it: windows of a second every half, at 1000 samples a second.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "nn/events/Event.h"
#include "nn/events/EventDetector.h"
#include "nn/events/EventRules.h"

namespace earshot::test {

/// Labels without a network, of scores that stand each for itself. `kinds`: a label and what it is a kind of.
inline Model labels_only(std::vector<std::string> labels,
                         const std::vector<std::pair<std::size_t, std::size_t>>& kinds = {}) {
  Model model;
  model.recipe.rate_hz = 1000;
  model.labels = std::move(labels);
  model.architecture.scores = Scores::sigmoid;
  model.meanings.parents = kinds;
  return model;
}

/// Animal; Dog and Cat, which are kinds of it; Bark, a kind of Dog; Siren; Silence, which is ambience.
inline Model animals() {
  Model model = labels_only({"Animal", "Dog", "Cat", "Bark", "Siren", "Silence"}, {{1, 0}, {2, 0}, {3, 1}});
  model.meanings.ambience = {5};
  return model;
}

/// Keeps what it is told.
class KeptEvents final : public EventSink {
 public:
  void publish_event(Event event) noexcept override { events.push_back(std::move(event)); }
  std::vector<Event> events;
};

class EventRig {
 public:
  using Scores = std::map<std::string, float>;

  explicit EventRig(const EventSettings& settings = {}, Model of = animals())
      : model(std::move(of)),
        clock(1000, UtcTime(std::chrono::seconds(1'700'000'000))),
        detector(std::make_shared<const EventRules>(event_rules(settings, model)), "mic", "instance", clock, sink,
                 numbered) {}

  /// The next window; a label that is not named has 0.
  void hear(const Scores& scores, double level_dbfs = -30.0, std::span<const float> samples = {}) {
    std::vector<float> all(model.labels.size());
    for (const auto& [label, score] : scores) {
      all[static_cast<std::size_t>(std::ranges::find(model.labels, label) - model.labels.begin())] = score;
    }
    tell({.start_sample = next,
          .end_sample = next + 1000,
          .level_dbfs = level_dbfs,
          .scores = all,
          .samples = samples});
  }
  void hear_times(int times, const Scores& scores) {
    for (int i = 0; i < times; ++i) hear(scores);
  }
  void hear_gated(double level_dbfs = -90.0) {
    tell({.start_sample = next, .end_sample = next + 1000, .level_dbfs = level_dbfs, .scores = {}, .samples = {}});
  }
  void tell(const EventWindow& window) {
    detector.hear(window);
    next += 500;
  }

  const std::vector<Event>& events() const { return sink.events; }
  /// "Dog+ Dog- Cat+": what began and ended, in order.
  std::string story() const {
    std::string text;
    for (const Event& event : events()) {
      text += (text.empty() ? "" : " ") + event.label + (event.phase == Event::Phase::start ? '+' : '-');
    }
    return text;
  }

  const Model model;
  StreamClock clock;
  KeptEvents sink;
  std::atomic<std::uint64_t> numbered{0};
  EventDetector detector;
  std::uint64_t next = 0;  ///< where the next window starts
};

inline EventSettings with_quick_end() {
  EventSettings settings;
  settings.off_s = 0.5;
  return settings;
}

template <class Why>
Why why_of(const Event& event) {
  REQUIRE(std::holds_alternative<Why>(event.why));
  return std::get<Why>(event.why);
}

}  // namespace earshot::test
