// EventDetector under rules, kinds, gaps and scores drawn at random, for EARSHOT_PROPERTY_S seconds: what always holds.
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Draw.h"
#include "tests/nn/events/EventRig.h"

namespace earshot::test {
namespace {

constexpr std::uint64_t kLeastRounds = 40;

std::chrono::duration<double> property_time() {
  const char* seconds = std::getenv("EARSHOT_PROPERTY_S");
  return std::chrono::duration<double>(seconds ? std::strtod(seconds, nullptr) : 1.0);
}

Model drawn_model(KeyedRandom& random) {
  Model model = labels_only({});
  const std::uint32_t labels = 2 + random.below(9);
  for (std::uint32_t i = 0; i < labels; ++i) {
    model.labels.push_back(std::string(1, static_cast<char>('a' + i)));
    for (std::uint32_t parent = 0; parent < i; ++parent) {
      if (draw_chance(random, 0.2)) model.meanings.parents.emplace_back(i, parent);
    }
    if (draw_chance(random, 0.1)) model.meanings.ambience.push_back(i);
  }
  if (draw_chance(random, 0.3)) {
    for (std::uint32_t i = 0; i < labels; ++i) {
      model.meanings.thresholds.push_back(static_cast<float>(random.uniform()));
    }
  } else if (draw_chance(random, 0.3)) {
    model.architecture.scores = Scores::softmax;
  }
  return model;
}

NamedLabels some_labels(KeyedRandom& random, const Model& model, double chance) {
  NamedLabels some{{}, "drawn"};
  for (const std::string& label : model.labels) {
    if (draw_chance(random, chance)) some.names.push_back(label);
  }
  return some;
}

EventSettings drawn_settings(KeyedRandom& random, const Model& model) {
  EventSettings settings;
  if (draw_chance(random, 0.3)) settings.labels = some_labels(random, model, 0.6);
  if (draw_chance(random, 0.3)) settings.ignore = some_labels(random, model, 0.2);
  settings.of_windows = static_cast<int>(1 + random.below(draw_chance(random, 0.1) ? 64 : 5));
  settings.on_windows = static_cast<int>(1 + random.below(static_cast<std::uint32_t>(settings.of_windows)));
  const auto seconds = [&](double most) { return draw_chance(random, 0.3) ? 0.0 : random.uniform(0.0, most); };
  settings.off_s = seconds(5.0);
  settings.min_s = seconds(3.0);
  settings.cooldown_s = seconds(5.0);
  settings.max_s = settings.min_s + random.uniform(0.1, 20.0);
  for (const std::string& label : model.labels) {
    if (draw_chance(random, 0.2)) settings.thresholds.push_back({label, random.uniform(0.05, 1.0), "drawn"});
  }
  for (const char* name : {"group one", "group two"}) {
    EventGroup group{name, "drawn", some_labels(random, model, 0.3)};
    if (draw_chance(random, 0.3) && !group.labels.names.empty()) settings.groups.push_back(group);
  }
  if (draw_chance(random, 0.3)) settings.levels.push_back({"loud", "drawn", random.uniform(-60.0, 0.0)});
  return settings;
}

/// What is published in one go, and the window that it was about; nothing: the source broke off.
struct Step {
  std::optional<EventWindow> window;
  std::vector<float> scores;
  std::size_t messages = 0;  ///< published until then
};

struct Round {
  Model model;
  EventSettings settings;
  EventRules rules;
  std::vector<Step> steps;
  std::vector<Event> events;
};

/// Plays what `key` stands for: the same, whenever.
Round play(std::uint64_t key) {
  KeyedRandom random(key);
  Round round{.model = drawn_model(random), .settings = {}, .rules = {}, .steps = {}, .events = {}};
  round.settings = drawn_settings(random, round.model);
  EventRig rig(round.settings, round.model);
  round.rules = event_rules(round.settings, round.model);
  const std::uint64_t length = 100 + random.below(4900);
  const std::uint64_t hop = 1 + random.below(static_cast<std::uint32_t>(length));
  const double agility = random.uniform(0.02, 0.5);
  std::vector<float> scores(round.model.labels.size(), 0.3F);
  std::vector<float> samples(length);
  double level_dbfs = -40.0;
  std::uint64_t start = random.below(3) * 1000;
  for (int i = 0; i < 200; ++i) {
    for (float& score : scores) {
      score = std::clamp(score + static_cast<float>(agility * random.uniform(-1.0, 1.0)), 0.0F, 1.0F);
    }
    level_dbfs = std::clamp(level_dbfs + random.uniform(-10.0, 10.0), -120.0, 0.0);
    for (float& sample : samples) sample = static_cast<float>(random.uniform(-0.01, 0.01));
    samples[random.below(static_cast<std::uint32_t>(length))] = 1.0F;
    Step step;
    step.scores = scores;
    step.window = EventWindow{.start_sample = start,
                              .end_sample = start + length,
                              .level_dbfs = level_dbfs,
                              .scores = {},
                              .samples = samples};
    if (!draw_chance(random, 0.1)) step.window->scores = step.scores;
    rig.detector.hear(*step.window);
    step.window->samples = {};
    step.messages = rig.events().size();
    round.steps.push_back(std::move(step));
    start += hop;
    if (draw_chance(random, 0.03)) start += hop * (1 + random.below(8));            // skipped
    if (draw_chance(random, 0.03)) start += length - hop + random.below(20'000);    // lost
    if (draw_chance(random, 0.02) || i == 199) {
      rig.detector.end_all();
      round.steps.push_back({.window = {}, .scores = {}, .messages = rig.events().size()});
    }
  }
  round.events = rig.events();
  return round;
}

const EventTrack* track_of(const Round& round, const std::string& name) {
  const auto found = std::ranges::find(round.rules.tracks, name, &EventTrack::name);
  return found == round.rules.tracks.end() ? nullptr : &*found;
}

std::uint64_t samples_of(double seconds) {
  return static_cast<std::uint64_t>(std::llround(seconds * 1000.0));
}

/// Whether the window has the track, told without the detector.
bool has(const Round& round, const EventTrack& track, const Step& step) {
  if (track.kind == EventTrack::Kind::level) return step.window->level_dbfs >= track.above_dbfs;
  if (step.window->scores.empty()) return false;
  const auto highest = static_cast<std::size_t>(std::ranges::max_element(step.scores) - step.scores.begin());
  return std::ranges::any_of(track.labels, [&](std::size_t label) {
    return step.scores[label] >= round.rules.thresholds[label] && (!round.rules.highest_only || label == highest);
  });
}

/// Follows a round message by message; what does not hold becomes the problem.
class Checker {
 public:
  explicit Checker(const Round& round) : round_(round) {}

  std::string problem() {
    std::size_t message = 0;
    for (const Step& step : round_.steps) {
      note_windows(step);
      bool started = false;
      became_ = false;
      for (; message < step.messages; ++message) {
        const Event& event = round_.events[message];
        const bool start = event.phase == Event::Phase::start;
        expect(start || !started, "an end after a start of the same window");
        started = start;
        start ? begin(event, step) : end(event);
        if (!problem_.empty()) return problem_ + ": message " + std::to_string(message) + ", " + event.label;
      }
      if (!step.window) expect(running_.empty(), "something runs though the source broke off");
      if (step.window) check_what_runs(*step.window);
      if (!problem_.empty()) return problem_ + ": after message " + std::to_string(message);
    }
    return "";
  }

 private:
  void expect(bool holds, const char* what) {
    if (!holds && problem_.empty()) problem_ = what;
  }

  void note_windows(const Step& step) {
    if (!step.window) return;
    if (step.window->start_sample > heard_until_) unbroken_from_ = step.window->start_sample;
    heard_until_ = step.window->end_sample;
    for (const EventTrack& track : round_.rules.tracks) {
      if (has(round_, track, step)) last_had_[track.name] = *step.window;
    }
  }

  void begin(const Event& event, const Step& step) {
    const EventTrack* track = track_of(round_, event.label);
    expect(track != nullptr, "an event of what has none");
    expect(ids_.insert(event.id).second, "an id twice");
    expect(!running_.contains(event.label), "two events of one label at once");
    if (!problem_.empty()) return;
    expect(step.window && event.start_sample < step.window->end_sample, "a start in the future");
    expect(has(round_, *track, step), "a start in a window that has it not");
    expect(step.window->end_sample - event.start_sample >= samples_of(round_.settings.min_s), "a start before min_s");
    if (const auto last = last_end_.find(event.label); last != last_end_.end()) {
      expect(event.start_sample >= last->second + samples_of(round_.settings.cooldown_s), "a start before cooldown_s");
    }
    for (const auto& [label, other] : running_) {
      expect(!is_kind(label, event.label) && !is_kind(event.label, label), "a kind beside what it is a kind of");
    }
    for (const auto& [label, last] : last_end_) {
      expect(!is_kind(label, event.label) || event.start_sample >= last, "a start before the end of a kind of it");
    }
    if (!became_ && round_.settings.min_s == 0.0) {
      expect(event.start_sample >= unbroken_from_, "a start before a gap");
    }
    if (const auto* why = std::get_if<BegunByWindows>(&event.why); why && why->member.empty()) {
      const auto enough = std::ranges::count_if(why->scores, [&](float score) { return score >= why->threshold; });
      expect(static_cast<std::size_t>(enough) >= why->needed, "a start by too few windows");
    }
    running_.emplace(event.label, event);
  }

  void end(const Event& event) {
    const auto found = running_.find(event.label);
    expect(found != running_.end(), "an end of what does not run");
    if (!problem_.empty()) return;
    expect(found->second.id == event.id && found->second.start_sample == event.start_sample, "an end of another event");
    expect(event.time >= found->second.time, "an end before its start");
    const std::uint64_t length = event.end_sample - event.start_sample;
    expect(event.end_sample > event.start_sample, "an event without a length");
    expect(length >= samples_of(round_.settings.min_s), "an event shorter than min_s");
    expect(length <= samples_of(round_.settings.max_s), "an event longer than max_s");
    last_end_[event.label] = event.end_sample;
    became_ = became_ || std::get<Ended>(event.why).rule == EndRule::became;
    running_.erase(found);
  }

  void check_what_runs(const EventWindow& window) {
    for (const auto& [label, event] : running_) {
      const std::uint64_t last = last_had_.at(label).end_sample;
      const std::uint64_t off = std::max<std::uint64_t>(1, samples_of(round_.settings.off_s));
      expect(window.end_sample - last < off, "an event runs though it is quiet");
    }
  }

  bool is_kind(const std::string& label, const std::string& of) const {
    for (const std::size_t ancestor : track_of(round_, label)->ancestors) {
      if (round_.rules.tracks[ancestor].name == of) return true;
    }
    return false;
  }

  const Round& round_;
  std::string problem_;
  std::map<std::string, Event> running_;
  std::map<std::string, std::uint64_t> last_end_;
  std::map<std::string, EventWindow> last_had_;
  std::set<std::string> ids_;
  std::uint64_t heard_until_ = 0;
  std::uint64_t unbroken_from_ = 0;  // since the last gap
  bool became_ = false;              // something, with this window
};

void tell(std::ostream& out, const BegunByWindows& why) {
  out << why.needed << '/' << why.of << ' ' << why.threshold << ' ' << why.member;
  for (const float score : why.scores) out << ' ' << score;
}
void tell(std::ostream& out, const BegunBySurety& why) {
  out << why.threshold << ' ' << why.score << ' ' << why.member;
}
void tell(std::ostream& out, const BegunByLevel& why) { out << why.above_dbfs << ' ' << why.level_dbfs; }
void tell(std::ostream& out, const Ended& why) {
  out << static_cast<int>(why.rule) << ' ' << why.became << ' ' << why.windows << ' ' << why.mean_confidence;
}

/// All that an event says, NaN included.
std::string lines_of(const Round& round) {
  std::ostringstream out;
  out.precision(17);
  for (const Event& event : round.events) {
    out << static_cast<int>(event.phase) << ' ' << event.id << ' ' << event.source << ' ' << event.label << ' '
        << event.start_sample << ' ' << event.end_sample << ' ' << event.duration_s << ' '
        << event.time.time_since_epoch().count() << ' ' << event.peak_confidence << ' '
        << event.peak_dbfs.value_or(0.0) << ' ' << event.why.index() << ' ';
    std::visit([&](const auto& why) { tell(out, why); }, event.why);
    out << '\n';
  }
  return out.str();
}

}  // namespace

TEST_CASE("whatever the rules and scores: each start has one end, none overlap, all bounds hold, replays are equal") {
  const auto begun = std::chrono::steady_clock::now();
  std::size_t events = 0;
  for (std::uint64_t key = 0; key < kLeastRounds || std::chrono::steady_clock::now() - begun < property_time(); ++key) {
    const Round round = play(key);
    events += round.events.size();
    const std::string problem = Checker(round).problem();
    INFO("round " << key);
    REQUIRE(problem == "");
    if (key % 10 == 0) REQUIRE(lines_of(play(key)) == lines_of(round));
  }
  CHECK(events > 1000);
}

TEST_CASE("a label that stands alone has an event exactly while a slow count of its windows says so") {
  for (std::uint64_t key = 0; key < 200; ++key) {
    KeyedRandom random(derive_key(7, key));
    EventSettings settings;
    settings.of_windows = static_cast<int>(1 + random.below(6));
    settings.on_windows = static_cast<int>(1 + random.below(static_cast<std::uint32_t>(settings.of_windows)));
    settings.off_s = 0.5 * random.below(6);
    EventRig rig(settings, labels_only({"x"}));
    std::vector<float> since_end;
    int quiet_windows = 0;
    bool running = false;
    for (int i = 0; i < 300; ++i) {
      const auto score = static_cast<float>(random.uniform(0.2, 0.85));
      rig.hear({{"x", score}});
      since_end.push_back(score);
      quiet_windows = score >= 0.5F ? 0 : quiet_windows + 1;
      if (running && quiet_windows > 0 && 0.5 * quiet_windows >= settings.off_s) {
        running = false;
        since_end.clear();
      } else if (!running) {
        const auto known = std::min(since_end.size(), static_cast<std::size_t>(settings.of_windows));
        const auto enough = std::count_if(since_end.end() - static_cast<std::ptrdiff_t>(known), since_end.end(),
                                          [](float each) { return each >= 0.5F; });
        running = score >= 0.75F || (score >= 0.5F && enough >= settings.on_windows);
      }
      if (running == (rig.events().size() % 2 == 1)) continue;
      FAIL("round " << key << ", window " << i);
    }
  }
}

}  // namespace earshot::test
