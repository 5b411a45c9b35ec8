#include "train/measuring/FalseAlarms.h"

#include <algorithm>
#include <map>
#include <string>

#include "train/data/Workers.h"

namespace earshot {
namespace {

constexpr double kSecondsPerHour = 3600.0;

double hours_of(std::uint64_t samples, int rate_hz) {
  return static_cast<double>(samples) / rate_hz / kSecondsPerHour;
}

}  // namespace

double hours_without(std::size_t label, std::span<const HeardRecording> recordings, int rate_hz) {
  std::uint64_t samples = 0;
  for (const HeardRecording& recording : recordings) {
    if (!recording.holds(label)) samples += recording.heard_samples;
  }
  return hours_of(samples, rate_hz);
}

FalseAlarms count_false_alarms(std::span<const HeardRecording> recordings, const EventRules& rules, unsigned threads) {
  std::vector<std::vector<Event>> events(recordings.size());
  work_on_items(recordings.size(), threads,
                [&] { return [&](std::size_t i) { events[i] = events_of(recordings[i], rules); }; });
  std::map<std::string, std::size_t> label_of;
  for (const EventTrack& track : rules.tracks) label_of.emplace(track.name, track.labels.front());
  std::map<std::size_t, LabelAlarms> found;
  FalseAlarms alarms;
  std::uint64_t samples = 0;
  for (std::size_t i = 0; i < recordings.size(); ++i) {
    samples += recordings[i].heard_samples;
    for (const Event& event : events[i]) {
      const std::size_t label = label_of.at(event.label);
      if (recordings[i].holds(label)) continue;
      ++alarms.rate.events;
      LabelAlarms& own = found[label];
      if (own.rate.events++ > 0 && event.peak_confidence <= own.peak) continue;
      own.label = label;
      own.peak = event.peak_confidence;
      own.recording = i;
      own.start_sample = event.start_sample;
    }
  }
  alarms.rate.hours = hours_of(samples, rules.rate_hz);
  for (auto& [label, own] : found) {
    own.rate.hours = hours_without(label, recordings, rules.rate_hz);
    alarms.labels.push_back(own);
  }
  const auto events_of_label = [](const LabelAlarms& own) { return own.rate.events; };
  std::ranges::stable_sort(alarms.labels, std::ranges::greater(), events_of_label);
  alarms.silent = rules.tracks.size() - alarms.labels.size();
  return alarms;
}

}  // namespace earshot
