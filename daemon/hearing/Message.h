// What a pipeline tells the world: predictions, events, gaps, states. Plain data; its JSON is made elsewhere.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/hearing/GateSwitches.h"
#include "nn/events/Event.h"

namespace earshot {

/// Samples count at the model's rate since the source's start, lost ones included.
struct Prediction {
  std::string source;
  std::uint64_t start_sample = 0;
  std::uint64_t end_sample = 0;  ///< exclusive
  UtcTime time;                  ///< of the window's end
  double level_dbfs = -120.0;
  bool gated = false;
  std::shared_ptr<const std::vector<std::string>> labels;  ///< of the model that heard it; null when gated
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
  std::uint64_t windows = 0;      ///< skipped, overload only ...
  std::uint64_t hop_samples = 0;  ///< ... and what each begins after the one before
};

/// "stalled": connected or open, and nothing comes, or nothing but zeros.
enum class SourceState { starting, up, stalled, down, ended };

struct SourceChange {
  std::string source;
  SourceState state = SourceState::starting;
  std::string detail;
  std::optional<std::uint64_t> end_sample;  ///< when down or ended
  bool forgotten =
      false;  ///< ended, by a reload or as a sender that made room: of this source nothing more comes
};

/// UTC was corrected: times follow, positions do not move.
struct ClockStep {
  double step_s = 0.0;  ///< forward
};

using Message = std::variant<Prediction, Event, Gap, SourceChange, ClockStep>;

/// Where pipelines send what they found. Implementations: the stream server, classify's printer.
class MessageSink : public EventSink {
 public:
  /// Any thread; bounded time, never waits for a client. Order is kept per caller.
  virtual void publish(Message message) noexcept = 0;
  void publish_event(Event event) noexcept final { publish(std::move(event)); }
};

/// What the heartbeat reports of one source. Written by its threads, read by any: each a value by itself, relaxed.
struct SourceGauges {
  std::atomic<float> lag_s{0.0F};  ///< how long ago the latest window had been heard when it was done
  std::atomic<float> level_dbfs{-120.0F};
  std::atomic<float> drift_ppm{0.0F};  ///< of its clock, once that is known
  std::atomic<std::uint64_t> skipped_windows{0};
};

/// The gauges of all sources by their names. Any thread.
class GaugeBoard {
 public:
  /// Those of `source`; new ones at the first call.
  std::shared_ptr<SourceGauges> of(const std::string& source) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<SourceGauges>& gauges = gauges_[source];
    if (!gauges) gauges = std::make_shared<SourceGauges>();
    return gauges;
  }
  /// Of sources that are gone: whose gauges nobody else has.
  void let_go() {
    const std::lock_guard lock(mutex_);
    std::erase_if(gauges_, [](const auto& each) { return each.second.use_count() == 1; });
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<SourceGauges>> gauges_;
};

/// What the heartbeat reports. Any thread adds, relaxed: each is a statistic of its own.
struct Counters {
  std::atomic<std::uint64_t> predictions{0};
  std::atomic<std::uint64_t> dropped_samples{0};
  std::atomic<std::uint64_t> bad_samples{0};
  std::atomic<std::uint64_t> skipped_windows{0};
  std::atomic<std::uint64_t> events{0};  ///< begun; numbers them, too
  std::atomic<std::size_t> clients{0};   ///< of the stream, now
  GaugeBoard sources;
  GateSwitches gates;  ///< none of the heartbeat's: what pipelines are told
};

}  // namespace earshot
