// HeardTally: what sources have told so far, in numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "daemon/hearing/Message.h"
#include "daemon/hearing/UtcClock.h"
#include "daemon/stream/StreamFacts.h"

namespace earshot {

/// Any thread. It knows the sources of the configuration and the senders that are there; of one that is gone
/// nothing stays, of one that comes back counters begin anew.
class HeardTally {
 public:
  /// Upper bounds of the latencies' classes; one more is for all above.
  static constexpr std::array<double, 10> kLatencyBounds_s{0.01, 0.025, 0.05, 0.1, 0.25,
                                                           0.5,  1.0,   2.5,  5.0, 10.0};
  /// Events are counted by source and label for so many pairs of these; for the rest by source alone.
  static constexpr std::size_t kMostEventKinds = 1'000;
  static constexpr const char* kOtherLabel = "other";

  struct Gaps {
    std::uint64_t count = 0;
    double lost_s = 0.0;
  };
  struct Source {
    SourceState state = SourceState::starting;
    std::string detail;
    bool configured = false;  ///< no sender that named itself
    std::uint64_t predictions = 0;
    std::uint64_t gated = 0;
    std::array<Gaps, 4> gaps{};                   ///< by GapReason
    std::map<std::string, std::uint64_t> events;  ///< begun, by label
  };
  struct Latencies {
    std::array<std::uint64_t, kLatencyBounds_s.size() + 1> counts{};
    double sum_s = 0.0;
  };
  struct Heard {
    std::string model_name;
    std::string model_sha256;
    std::map<std::string, Source, std::less<>> sources;
    Latencies latencies;  ///< from a window's last sample to the moment it is published
  };

  /// `utc` outlives it.
  explicit HeardTally(UtcClock& utc) : utc_(utc) {}

  /// What the daemon is from here on. Of another instance all sources begin anew.
  void change(const StreamFacts& facts);
  /// Waits at most while heard() copies.
  void hear(const Message& message) noexcept;

  Heard heard() const;

 private:
  Source& source(const std::string& name);
  void take(const Prediction& prediction);
  void take(const Event& event);
  void take(const Gap& gap);
  void take(const SourceChange& change);
  void take(const ClockStep&) noexcept {}

  UtcClock& utc_;
  mutable std::mutex mutex_;
  Heard heard_;
  std::map<std::string, Source, std::less<>> gone_;  // by the last change, which may yet be taken back
  std::string instance_;
  int rate_hz_ = 0;  // of the model
  std::size_t event_kinds_ = 0;
};

}  // namespace earshot
