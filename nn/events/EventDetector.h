// EventDetector: scores over time -> events that begin, say why, and always end.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nn/events/Event.h"
#include "nn/events/EventRules.h"
#include "nn/events/StreamClock.h"

namespace earshot {

/// What the detector is told of a window.
struct EventWindow {
  std::uint64_t start_sample = 0;
  std::uint64_t end_sample = 0;  ///< exclusive, without padding
  double level_dbfs = -120.0;
  std::span<const float> scores;   ///< one a label; empty: gated, it has no label
  std::span<const float> samples;  ///< from start_sample on, at the rate of the rules: to look for the onset in
  std::uint64_t onset_samples = 0;  ///< without `samples`: where the sound begins, from start_sample on
};

/// One source's events. All it counts is samples of the source's timeline, so that gaps and skipped windows need no
/// care but that windows on both sides of a gap are never counted together. Of each window the ends are published
/// before the starts. An event that has not lasted the least time is not told of: till then it hinders no other, and
/// is no news if it ends. Not thread safe.
class EventDetector {
 public:
  /// `clock`, `sink` and `numbered` outlive it. Ids are "<instance>-<number>": `numbered` counts the events that have
  /// begun, of all sources that share it.
  EventDetector(std::shared_ptr<const EventRules> rules, std::string source, std::string instance,
                const StreamClock& clock, EventSink& sink, std::atomic<std::uint64_t>& numbered);

  /// The next window: starts and ends never go back. Allocates for what it publishes, and to hold more events at once
  /// than ever before.
  void hear(const EventWindow& window) noexcept;

  /// The sound breaks off: whatever runs ends. Windows may follow.
  void end_all() noexcept;

 private:
  struct Track {
    std::uint64_t had = 0;         // bit i: the window i before the latest has it
    std::uint64_t not_before = 0;  // the next event's first sample: what went before ends or cools down until here
    std::uint64_t fresh_from = 0;  // where the last event of a kind of it ended: windows from here on count
    std::uint32_t blockers = 0;    // told events of kinds of it
    std::uint32_t member = 0;      // of a group: the label that the latest window has most clearly
    std::size_t running = kNone;
  };
  struct Running {
    std::size_t track = kNone;  // kNone: free
    bool told = false;
    std::uint64_t start_sample = 0;
    std::optional<UtcTime> start_time;
    std::uint64_t last_end = 0;  // of the last window that has it
    std::uint64_t windows = 0;   // that have it
    std::uint64_t number = 0;
    double score_sum = 0.0;
    float peak_score = 0.0F;
    double peak_dbfs = -120.0;
    decltype(Event::why) why;
  };
  struct HeardWindow {
    std::uint64_t start_sample = 0;
    std::uint64_t end_sample = 0;
    std::uint64_t onset_sample = 0;
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  void look(const EventWindow& window) noexcept;
  bool judge(std::size_t track, const EventWindow& window, std::size_t highest) noexcept;
  void go_on(const EventWindow& window) noexcept;
  void begin_what_is_due(const EventWindow& window) noexcept;
  void begin(std::size_t track, const EventWindow& window);
  void tell(std::size_t track);
  void end(std::size_t track, EndRule rule, const std::string& became = {});
  void publish_start(Running& event);
  void publish_end(const Running& event, std::uint64_t end_sample, Ended why);

  bool counts(const Track& track, std::size_t windows_ago) const noexcept;
  std::size_t windows_known() const noexcept;
  std::size_t slot(std::size_t windows_ago) const noexcept;
  float& score(std::size_t track, std::size_t windows_ago) noexcept;
  Event event_of(const Running& running, Event::Phase phase) const;
  std::vector<float> latest_scores(std::size_t track);
  Running& new_running();

  std::shared_ptr<const EventRules> rules_;
  std::string source_;
  std::string instance_;
  const StreamClock& clock_;
  EventSink& sink_;
  std::atomic<std::uint64_t>& numbered_;  // relaxed: nothing but numbers hangs on it
  std::vector<Track> tracks_;         // as the rules have them
  std::vector<HeardWindow> windows_;  // the last of them, a ring
  std::vector<float> scores_;         // (of_windows, tracks), the same ring
  std::vector<Running> running_;
  std::vector<std::size_t> begun_;  // tracks, by this window
  std::size_t heard_windows_ = 0;   // since a gap
  std::uint64_t last_end_ = 0;      // of the latest window
};

}  // namespace earshot
