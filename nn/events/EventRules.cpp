#include "nn/events/EventRules.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "dsp/base/Error.h"
#include "dsp/base/NearestName.h"
#include "dsp/base/Utf8.h"
#include "nn/inference/HeardLabels.h"

namespace earshot {
namespace {

constexpr std::size_t kNamedNearest = 3;

std::string nearest_labels(const std::vector<std::string>& labels, const std::string& name) {
  std::vector<std::pair<std::size_t, std::size_t>> order;  // how far, and which
  for (std::size_t i = 0; i < labels.size(); ++i) order.emplace_back(edit_distance(labels[i], name), i);
  std::sort(order.begin(), order.end());
  std::string list;
  for (std::size_t i = 0; i < std::min(kNamedNearest, order.size()); ++i) {
    list += (list.empty() ? "\"" : ", \"") + labels[order[i].second] + '"';
  }
  return list;
}

std::size_t label_index(const std::vector<std::string>& labels, const std::string& name, const std::string& place) {
  const auto found = std::find(labels.begin(), labels.end(), name);
  if (found != labels.end()) return static_cast<std::size_t>(found - labels.begin());
  throw Error(ExitCode::config, place + ": found \"" + printable(name) + "\", which is none of the model's " +
                                    std::to_string(labels.size()) + " labels, expected one of them; nearest are " +
                                    nearest_labels(labels, name));
}

std::vector<std::size_t> label_indices(const std::vector<std::string>& labels, const NamedLabels& named) {
  std::vector<std::size_t> result;
  for (const std::string& name : named.names) result.push_back(label_index(labels, name, named.place));
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

void expect_no_label(const std::vector<std::string>& labels, const std::string& name, const std::string& place) {
  if (std::find(labels.begin(), labels.end(), name) == labels.end()) return;
  throw Error(ExitCode::config, place + ": found \"" + printable(name) +
                                    "\", which is one of the model's labels, expected a name of its own");
}

// Which labels have events of their own.
std::vector<bool> labels_with_events(const EventSettings& settings, const Model& model,
                                     const std::vector<std::vector<std::size_t>>& ancestors) {
  std::vector<bool> chosen(model.labels.size(), !settings.labels.has_value());
  if (settings.labels) {
    for (const std::size_t label : label_indices(model.labels, *settings.labels)) chosen[label] = true;
  } else {
    for (const std::size_t label : model.meanings.ambience) chosen[label] = false;
  }
  for (const std::size_t ignored : label_indices(model.labels, settings.ignore)) {
    for (std::size_t label = 0; label < chosen.size(); ++label) {
      if (label == ignored || std::ranges::binary_search(ancestors[label], ignored)) chosen[label] = false;
    }
  }
  return chosen;
}

// Groups, labels, levels; of labels the kinds before what they are kinds of, which have fewer ancestors.
std::vector<EventTrack> make_tracks(const EventSettings& settings, const Model& model) {
  const std::vector<std::vector<std::size_t>> ancestors = ancestors_of(model.meanings, model.labels);
  std::vector<bool> chosen = labels_with_events(settings, model, ancestors);
  std::vector<EventTrack> tracks;
  for (const EventGroup& group : settings.groups) {
    expect_no_label(model.labels, group.name, group.name_place);
    tracks.push_back({.kind = EventTrack::Kind::group,
                      .name = group.name,
                      .labels = label_indices(model.labels, group.labels)});
    for (const std::size_t member : tracks.back().labels) chosen[member] = false;
  }
  std::vector<std::size_t> own;
  for (std::size_t label = 0; label < chosen.size(); ++label) {
    if (chosen[label]) own.push_back(label);
  }
  std::ranges::stable_sort(own, std::greater(), [&](std::size_t label) { return ancestors[label].size(); });
  std::vector<std::size_t> track_of(model.labels.size());
  for (const std::size_t label : own) {
    track_of[label] = tracks.size();
    tracks.push_back({.kind = EventTrack::Kind::label, .name = model.labels[label], .labels = {label}});
  }
  for (EventTrack& track : tracks) {
    for (const std::size_t label : track.labels) {
      for (const std::size_t ancestor : ancestors[label]) {
        if (chosen[ancestor]) track.ancestors.push_back(track_of[ancestor]);
      }
    }
    std::ranges::sort(track.ancestors);
    const auto repeated = std::ranges::unique(track.ancestors);
    track.ancestors.erase(repeated.begin(), repeated.end());
  }
  for (const EventLevel& level : settings.levels) {
    expect_no_label(model.labels, level.name, level.name_place);
    tracks.push_back(
        {.kind = EventTrack::Kind::level, .name = level.name, .above_dbfs = level.above_dbfs});
  }
  return tracks;
}

}  // namespace

void EventRules::set_threshold(std::size_t label, float threshold) {
  thresholds[label] = threshold;
  sure[label] = threshold + (1.0F - threshold) / 2.0F;
}

EventRules event_rules(const EventSettings& settings, const Model& model) {
  const auto samples = [&](double seconds) {
    return static_cast<std::uint64_t>(std::llround(seconds * model.recipe.rate_hz));
  };
  EventRules rules{.tracks = make_tracks(settings, model),
                   .labels = model.labels,
                   .thresholds = std::vector<float>(model.labels.size()),
                   .sure = std::vector<float>(model.labels.size()),
                   .highest_only = hears_highest_only(model),
                   .on_windows = static_cast<std::size_t>(settings.on_windows),
                   .of_windows = static_cast<std::size_t>(settings.of_windows),
                   .off_samples = samples(settings.off_s),
                   .min_samples = samples(settings.min_s),
                   .max_samples = samples(settings.max_s),
                   .cooldown_samples = samples(settings.cooldown_s),
                   .hours = settings.hours,
                   .rate_hz = model.recipe.rate_hz};
  const std::vector<float> thresholds = heard_thresholds(model);
  for (std::size_t label = 0; label < thresholds.size(); ++label) rules.set_threshold(label, thresholds[label]);
  for (const EventThreshold& own : settings.thresholds) {
    rules.set_threshold(label_index(model.labels, own.label, own.place), static_cast<float>(own.threshold));
  }
  return rules;
}

void expect_events(const EventRules& rules, const NamedLabels& named) {
  std::vector<std::string> names;
  for (const EventTrack& track : rules.tracks) names.push_back(track.name);
  for (const std::string& name : named.names) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const bool is_label = std::ranges::find(rules.labels, name) != rules.labels.end();
    throw Error(ExitCode::config,
                named.place + ": found \"" + printable(name) + "\", " +
                    (is_label ? "a label that has no events of its own by what [events] says"
                              : "which is none of the sounds that have events") +
                    ", expected one of the " + std::to_string(names.size()) + " that have; nearest are " +
                    nearest_labels(names, name));
  }
}

}  // namespace earshot
