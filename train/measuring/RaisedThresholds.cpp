#include "train/measuring/RaisedThresholds.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "nn/events/EventRules.h"
#include "nn/events/EventSettings.h"
#include "nn/inference/HeardLabels.h"
#include "train/data/Workers.h"
#include "train/measuring/FalseAlarms.h"

namespace earshot {
namespace {

constexpr int kSteps = 1000;  // of a threshold

// Labels that have nothing to do with any others: their events are the same whether those are looked for or not.
using Family = std::vector<std::size_t>;

std::vector<bool> heard_labels(std::span<const HeardRecording> recordings, std::size_t labels) {
  std::vector<bool> heard(labels);
  for (const HeardRecording& recording : recordings) {
    for (const HeardRecording::Score& score : recording.scores) heard[score.label] = true;
  }
  return heard;
}

// Of what can have an event and is heard at all: what is never heard never stands in another's way.
std::vector<Family> families_of(const EventRules& rules, const std::vector<bool>& heard) {
  std::vector<std::size_t> first(rules.tracks.size());  // of the tracks that a track is in one family with, the first
  for (std::size_t i = 0; i < first.size(); ++i) first[i] = i;
  const auto heard_track = [&](std::size_t track) { return heard[rules.tracks[track].labels.front()]; };
  for (std::size_t i = 0; i < first.size(); ++i) {
    for (const std::size_t ancestor : rules.tracks[i].ancestors) {
      if (!heard_track(i) || !heard_track(ancestor) || first[i] == first[ancestor]) continue;
      const auto [low, high] = std::minmax({first[i], first[ancestor]});
      std::ranges::replace(first, high, low);
    }
  }
  std::vector<Family> families(first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (heard_track(i)) families[first[i]].push_back(rules.tracks[i].labels.front());
  }
  std::erase_if(families, [](const Family& family) { return family.empty(); });
  return families;
}

EventRules rules_of(const Family& family, const Model& model) {
  EventSettings settings;
  settings.labels.emplace();
  for (const std::size_t label : family) settings.labels->names.push_back(model.labels[label]);
  return event_rules(settings, model);
}

class FamilySearch {
 public:
  FamilySearch(const Family& family, const Model& model, std::span<const HeardRecording> recordings, double per_hour,
               const std::function<bool()>& stopped)
      : recordings_(recordings), per_hour_(per_hour), stopped_(stopped), rules_(rules_of(family, model)) {}

  void run() {
    for (bool changed = true; changed;) {
      changed = false;
      for (const EventTrack& track : rules_.tracks) {  // kinds first: what is no longer one of them may be its ancestor
        const std::size_t label = track.labels.front();
        if (stopped_()) return;
        if (unreachable_.contains(label) || is_rare_enough(label)) continue;
        if (raise(label)) {
          changed = true;
        } else {
          unreachable_.insert(label);
        }
      }
    }
  }

  const std::vector<float>& thresholds() const noexcept { return rules_.thresholds; }
  const std::set<std::size_t>& unreachable() const noexcept { return unreachable_; }

 private:
  // To the lowest step that will do. Not by halves: to raise a threshold may part one event into two.
  bool raise(std::size_t label) {
    const float before = rules_.thresholds[label];
    const std::vector<float> scores = scores_of(label);
    std::optional<Reached> last;  // that was not enough
    for (int step = 0; step <= kSteps && !stopped_(); ++step) {
      const auto threshold = static_cast<float>(static_cast<double>(step) / kSteps);
      if (threshold <= before) continue;
      rules_.set_threshold(label, threshold);
      const Reached reached{at_least(scores, threshold), at_least(scores, rules_.sure[label])};
      if (last == reached) continue;  // the same windows, the same events
      if (is_rare_enough(label)) return true;
      last = reached;
    }
    rules_.set_threshold(label, before);
    return false;
  }

  // How many windows have the label, and how many are sure of it.
  struct Reached {
    std::ptrdiff_t had = 0;
    std::ptrdiff_t sure = 0;
    bool operator==(const Reached&) const = default;
  };

  static std::ptrdiff_t at_least(const std::vector<float>& ascending, float threshold) {
    return ascending.end() - std::ranges::lower_bound(ascending, threshold);
  }

  std::vector<float> scores_of(std::size_t label) const {
    std::vector<float> scores;
    for (const HeardRecording& recording : recordings_) {
      for (const HeardRecording::Score& score : recording.scores) {
        if (score.label == label) scores.push_back(score.score);
      }
    }
    std::ranges::sort(scores);
    return scores;
  }

  bool is_rare_enough(std::size_t label) const {
    EventRate rate{.events = 0, .hours = hours_without(label, recordings_, rules_.rate_hz)};
    for (const HeardRecording& recording : recordings_) {
      if (recording.holds(label) || !hears(recording, label)) continue;
      for (const Event& event : events_of(recording, rules_)) {
        if (event.label != rules_.labels[label]) continue;
        ++rate.events;
        if (rate.per_hour() > per_hour_) return false;
      }
    }
    return true;
  }

  static bool hears(const HeardRecording& recording, std::size_t label) {
    return std::ranges::find(recording.scores, label, &HeardRecording::Score::label) != recording.scores.end();
  }

  std::span<const HeardRecording> recordings_;
  double per_hour_;
  const std::function<bool()>& stopped_;
  EventRules rules_;
  std::set<std::size_t> unreachable_;
};

}  // namespace

RaisedThresholds raise_thresholds(const Model& model, std::span<const HeardRecording> recordings, double per_hour,
                                  unsigned threads, const std::function<bool()>& stopped) {
  const EventRules rules = event_rules({}, model);
  const std::vector<Family> families = families_of(rules, heard_labels(recordings, model.labels.size()));
  std::vector<std::vector<float>> found(families.size());
  std::vector<std::set<std::size_t>> unreachable(families.size());
  work_on_items(families.size(), threads, [&] {
    return [&](std::size_t i) {
      FamilySearch search(families[i], model, recordings, per_hour, stopped);
      search.run();
      found[i] = search.thresholds();
      unreachable[i] = search.unreachable();
    };
  });
  RaisedThresholds result{.thresholds = heard_thresholds(model), .raised = {}, .unreachable = {}};
  for (std::size_t i = 0; i < families.size(); ++i) {
    for (const std::size_t label : families[i]) {
      if (found[i][label] > result.thresholds[label]) result.raised.push_back(label);
      result.thresholds[label] = found[i][label];
    }
    result.unreachable.insert(result.unreachable.end(), unreachable[i].begin(), unreachable[i].end());
  }
  std::ranges::sort(result.raised);
  std::ranges::sort(result.unreachable);
  return result;
}

}  // namespace earshot
