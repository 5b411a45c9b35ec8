// Event: a sound begins or ends, and why. Plain data; its JSON is made elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nn/events/StreamClock.h"

namespace earshot {

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

/// Each start has one end, of the same id. Samples count at the model's rate since the source's start, lost ones
/// included.
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

/// Where a detector sends what begins and ends.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// The detector's thread; bounded time. Order is kept.
  virtual void publish_event(Event event) noexcept = 0;
};

}  // namespace earshot
