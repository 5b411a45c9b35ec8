#include "nn/events/EventDetector.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "dsp/audio/Onset.h"

namespace earshot {
namespace {

using TrackKind = EventTrack::Kind;

constexpr std::size_t kEventsAtOnce = 32;  // room from the beginning

// How far `score` is between the threshold and 1: which label of a group is there most clearly. Half is sure.
float clearness(float score, float threshold) noexcept {
  return threshold < 1.0F ? (score - threshold) / (1.0F - threshold) : score - threshold;
}

}  // namespace

EventDetector::EventDetector(std::shared_ptr<const EventRules> rules, std::string source, std::string instance,
                             const StreamClock& clock, EventSink& sink,
                             std::atomic<std::uint64_t>& numbered)
    : rules_(std::move(rules)),
      source_(std::move(source)),
      instance_(std::move(instance)),
      clock_(clock),
      sink_(sink),
      numbered_(numbered),
      tracks_(rules_->tracks.size()),
      windows_(rules_->of_windows),
      scores_(rules_->of_windows * tracks_.size()) {
  running_.reserve(kEventsAtOnce);
  begun_.reserve(tracks_.size());
}

void EventDetector::hear(const EventWindow& window) noexcept {
  if (window.start_sample > last_end_) {
    heard_windows_ = 0;
    for (Track& track : tracks_) track.had = 0;
  }
  last_end_ = window.end_sample;
  look(window);
  go_on(window);
  begin_what_is_due(window);
}

void EventDetector::end_all() noexcept {
  for (std::size_t track = 0; track < tracks_.size(); ++track) {
    if (tracks_[track].running != kNone) end(track, EndRule::source);
    tracks_[track].had = 0;
  }
  heard_windows_ = 0;
}

// Which tracks the window has.
void EventDetector::look(const EventWindow& window) noexcept {
  ++heard_windows_;
  std::size_t highest = kNone;
  if (rules_->highest_only && !window.scores.empty()) {
    highest = static_cast<std::size_t>(std::ranges::max_element(window.scores) - window.scores.begin());
  }
  bool any = false;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    const bool has = judge(i, window, highest);
    tracks_[i].had = tracks_[i].had << 1 | (has ? 1U : 0U);
    any = any || has;
  }
  std::uint64_t onset = window.onset_samples;
  if (any && !window.samples.empty()) onset = onset_sample(window.samples, rules_->rate_hz);
  windows_[slot(0)] = {window.start_sample, window.end_sample, window.start_sample + onset};
}

bool EventDetector::judge(std::size_t track, const EventWindow& window, std::size_t highest) noexcept {
  const EventTrack& rule = rules_->tracks[track];
  float& kept = score(track, 0);
  kept = std::numeric_limits<float>::quiet_NaN();
  if (rule.kind == TrackKind::level) return window.level_dbfs >= rule.above_dbfs;
  if (window.scores.empty()) return false;
  const auto clearness_of = [&](std::size_t label) {
    return label == highest ? 1.0F : clearness(window.scores[label], rules_->thresholds[label]);
  };
  const std::size_t clearest = *std::ranges::max_element(rule.labels, {}, clearness_of);
  tracks_[track].member = static_cast<std::uint32_t>(clearest);
  kept = window.scores[clearest];
  return kept >= rules_->thresholds[clearest] && (highest == kNone || clearest == highest);
}

// What runs goes on or ends.
void EventDetector::go_on(const EventWindow& window) noexcept {
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    if (track.running == kNone) continue;
    Running& event = running_[track.running];
    const bool has = (track.had & 1U) != 0;
    const std::uint64_t quiet_until = has ? window.start_sample : window.end_sample;
    const bool quiet = quiet_until > event.last_end && quiet_until - event.last_end >= rules_->off_samples;
    if (quiet) {
      end(i, EndRule::quiet);
      if (has) track.had = 1;  // only a gap lies before it: it may begin the next event
      continue;
    }
    if (has) {
      event.last_end = window.end_sample;
      ++event.windows;
      if (rules_->tracks[i].kind != TrackKind::level) {
        event.score_sum += static_cast<double>(score(i, 0));
        event.peak_score = std::max(event.peak_score, score(i, 0));
      }
      event.peak_dbfs = std::max(event.peak_dbfs, window.level_dbfs);
    }
    if (event.told && window.end_sample - event.start_sample >= rules_->max_samples) end(i, EndRule::max_s);
  }
}

// The kinds come before what they are kinds of: who is told of here keeps its ancestors from beginning.
void EventDetector::begin_what_is_due(const EventWindow& window) noexcept {
  begun_.clear();
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    if (track.running == kNone && (track.had & 1U) != 0 && track.blockers == 0) begin(i, window);
    if (track.running == kNone) continue;
    const Running& event = running_[track.running];
    if (!event.told && event.last_end - event.start_sample >= rules_->min_samples) tell(i);
  }
  for (const std::size_t track : begun_) publish_start(running_[tracks_[track].running]);
}

void EventDetector::begin(std::size_t index, const EventWindow& window) {
  Track& track = tracks_[index];
  const EventTrack& rule = rules_->tracks[index];
  if (!counts(track, 0)) return;
  Running found;
  std::size_t earliest = 0;
  const auto add = [&](std::size_t ago) {
    ++found.windows;
    earliest = ago;
    if (rule.kind == TrackKind::level) return;
    found.score_sum += static_cast<double>(score(index, ago));
    found.peak_score = std::max(found.peak_score, score(index, ago));
  };
  const std::size_t last = rule.kind == TrackKind::level ? 1 : windows_known();
  for (std::size_t ago = 0; ago < last; ++ago) {
    if ((track.had >> ago & 1U) != 0 && counts(track, ago)) add(ago);
  }
  const bool group = rule.kind == TrackKind::group;
  if (rule.kind == TrackKind::level) {
    found.why = BegunByLevel{rule.above_dbfs, window.level_dbfs};
  } else if (found.windows >= rules_->on_windows) {
    found.why = BegunByWindows{.needed = rules_->on_windows,
                               .of = rules_->of_windows,
                               .threshold = rules_->thresholds[track.member],
                               .scores = latest_scores(index),
                               .member = group ? rules_->labels[track.member] : ""};
  } else if (score(index, 0) >= rules_->sure[track.member]) {
    found = {};
    add(0);
    found.why = BegunBySurety{.threshold = rules_->sure[track.member],
                              .score = score(index, 0),
                              .member = group ? rules_->labels[track.member] : ""};
  } else {
    return;
  }
  found.start_sample = std::max(windows_[slot(earliest)].onset_sample, track.not_before);
  if (!rules_->hours.are_all() && !rules_->hours.have(clock_.time_of(found.start_sample))) return;
  found.track = index;
  found.last_end = window.end_sample;
  found.peak_dbfs = window.level_dbfs;
  Running& event = new_running();
  event = std::move(found);
  track.running = static_cast<std::size_t>(&event - running_.data());
}

// From here on everybody knows of it: what it is a kind of ends, having been this all along.
void EventDetector::tell(std::size_t index) {
  Running& event = running_[tracks_[index].running];
  const std::string& name = rules_->tracks[index].name;
  for (const std::size_t ancestor : rules_->tracks[index].ancestors) {
    if (tracks_[ancestor].running != kNone) {
      const Running& before = running_[tracks_[ancestor].running];
      if (before.told && before.start_sample < event.start_sample) {
        event.start_sample = before.start_sample;
        event.start_time = before.start_time;
      }
      end(ancestor, EndRule::became, name);
    }
    ++tracks_[ancestor].blockers;
  }
  if (event.start_sample < tracks_[index].not_before) {
    event.start_sample = tracks_[index].not_before;
    event.start_time.reset();
  }
  event.told = true;
  event.number = numbered_.fetch_add(1, std::memory_order_relaxed) + 1;
  begun_.push_back(index);
}

void EventDetector::end(std::size_t index, EndRule rule, const std::string& became) {
  Track& track = tracks_[index];
  Running& event = running_[std::exchange(track.running, kNone)];
  track.had = 0;
  if (event.told) {
    const std::uint64_t end_sample = std::min(event.last_end, event.start_sample + rules_->max_samples);
    track.not_before = end_sample + rules_->cooldown_samples;
    for (const std::size_t ancestor : rules_->tracks[index].ancestors) {
      --tracks_[ancestor].blockers;
      tracks_[ancestor].fresh_from = std::max(tracks_[ancestor].fresh_from, end_sample);
    }
    const double mean = event.score_sum / static_cast<double>(event.windows);
    publish_end(event, end_sample, {rule, became, event.windows, static_cast<float>(mean)});
  }
  event.track = kNone;
}

void EventDetector::publish_start(Running& running) {
  if (!running.start_time) running.start_time = clock_.time_of(running.start_sample);
  Event event = event_of(running, Event::Phase::start);
  event.time = *running.start_time;
  event.why = std::move(running.why);
  sink_.publish_event(std::move(event));
}

void EventDetector::publish_end(const Running& running, std::uint64_t end_sample, Ended why) {
  Event event = event_of(running, Event::Phase::end);
  event.end_sample = end_sample;
  event.duration_s = static_cast<double>(end_sample - running.start_sample) / rules_->rate_hz;
  // A sender that catches up is heard later than it spoke: no event ends before it begins.
  event.time = std::max(*running.start_time, clock_.time_of(end_sample));
  event.why = std::move(why);
  sink_.publish_event(std::move(event));
}

Event EventDetector::event_of(const Running& running, Event::Phase phase) const {
  const EventTrack& rule = rules_->tracks[running.track];
  Event event;
  event.phase = phase;
  event.id = instance_ + '-' + std::to_string(running.number);
  event.source = source_;
  event.label = rule.name;
  event.start_sample = running.start_sample;
  event.peak_confidence = running.peak_score;
  if (rule.kind == TrackKind::level) {
    event.peak_confidence = 1.0F;
    event.peak_dbfs = running.peak_dbfs;
  }
  return event;
}

// Oldest first.
std::vector<float> EventDetector::latest_scores(std::size_t track) {
  std::vector<float> result;
  for (std::size_t ago = windows_known(); ago-- > 0;) result.push_back(score(track, ago));
  return result;
}

bool EventDetector::counts(const Track& track, std::size_t windows_ago) const noexcept {
  const HeardWindow& window = windows_[slot(windows_ago)];
  return window.start_sample >= track.fresh_from && window.end_sample > track.not_before;
}

std::size_t EventDetector::windows_known() const noexcept {
  return std::min(heard_windows_, rules_->of_windows);
}

std::size_t EventDetector::slot(std::size_t windows_ago) const noexcept {
  return (heard_windows_ - windows_ago) % rules_->of_windows;
}

float& EventDetector::score(std::size_t track, std::size_t windows_ago) noexcept {
  return scores_[slot(windows_ago) * tracks_.size() + track];
}

EventDetector::Running& EventDetector::new_running() {
  const auto free = std::ranges::find(running_, kNone, &Running::track);
  return free == running_.end() ? running_.emplace_back() : *free;
}

}  // namespace earshot
