// What a pipeline tells the world: predictions, events, gaps, states. Plain data; its JSON is made elsewhere.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace earshot {

using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;

/// Samples count at the model's rate since the source's start, lost ones included.
struct Prediction {
  std::string source;
  std::uint64_t start_sample = 0;
  std::uint64_t end_sample = 0;  ///< exclusive
  UtcTime time;                  ///< of the window's end
  double level_dbfs = -120.0;
  bool gated = false;
  std::vector<float> scores;         ///< one probability a label; empty when gated
  std::vector<std::size_t> heard;    ///< the labels that are there, the surest first
  std::uint64_t padded_samples = 0;  ///< silence added to a source that ended inside its first window

  /// What it leads with: the surest that is there, else the highest score. Unless gated.
  std::size_t label() const noexcept {
    if (!heard.empty()) return heard.front();
    return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  }
};

enum class GapReason { overflow, device, network, overload };

struct Gap {
  std::string source;
  std::uint64_t start_sample = 0;
  std::uint64_t samples = 0;  ///< 0 for overload
  GapReason reason = GapReason::overflow;
  std::uint64_t windows = 0;  ///< skipped, overload only
};

enum class SourceState { starting, up, down, ended };

struct SourceChange {
  std::string source;
  SourceState state = SourceState::starting;
  std::string detail;
  std::optional<std::uint64_t> end_sample;  ///< when down or ended
};

/// An event began because so many of the last windows had it.
struct BegunByWindows {
  std::size_t needed = 0;
  std::size_t of = 0;
  float threshold = 0.0F;
  std::vector<float> scores;  ///< of the last windows, the latest last; NaN where one was gated
  std::string member;         ///< of a group, whose threshold and scores these are; else empty
};

/// An event began because one window was that sure.
struct BegunBySurety {
  float threshold = 0.0F;
  float score = 0.0F;
  std::string member;  ///< as above
};

/// An event began because it was that loud.
struct BegunByLevel {
  double above_dbfs = 0.0;
  double level_dbfs = 0.0;
};

enum class EndRule { quiet, became, max_s, source };

struct Ended {
  EndRule rule = EndRule::quiet;
  std::string became;            ///< the label whose event took this one's place
  std::uint64_t windows = 0;     ///< that had it
  float mean_confidence = 0.0F;  ///< of those
};

/// A sound begins or ends: each start has one end, of the same id.
struct Event {
  enum class Phase { start, end };
  Phase phase = Phase::start;
  std::string id;  ///< unique over instances
  std::string source;
  std::string label;                ///< the model's, or the name of a group or a level
  std::uint64_t start_sample = 0;   ///< an estimate
  std::uint64_t end_sample = 0;     ///< of an end, exclusive
  double duration_s = 0.0;          ///< of an end
  UtcTime time;                     ///< of the start, or of the end
  float peak_confidence = 0.0F;     ///< so far; 1 for a level, which is measured
  std::optional<double> peak_dbfs;  ///< of a level only
  std::variant<BegunByWindows, BegunBySurety, BegunByLevel, Ended> why;
};

using Message = std::variant<Prediction, Event, Gap, SourceChange>;

/// Where pipelines send what they found. Implementations: the stream server, classify's printer.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  /// Any thread; bounded time, never waits for a client. Order is kept per caller.
  virtual void publish(Message message) noexcept = 0;
};

/// What the heartbeat reports. Any thread adds, relaxed: each is a statistic of its own.
struct Counters {
  std::atomic<std::uint64_t> predictions{0};
  std::atomic<std::uint64_t> dropped_samples{0};
  std::atomic<std::uint64_t> bad_samples{0};
  std::atomic<std::uint64_t> events{0};  ///< begun; numbers them, too
};

}  // namespace earshot
