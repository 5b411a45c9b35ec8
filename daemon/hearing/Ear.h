// Ear: what one pipeline hears its windows with: gain, gate, features, classifier, labels, events.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/hearing/Hearing.h"
#include "daemon/hearing/Message.h"
#include "dsp/audio/SlidingWindow.h"
#include "dsp/features/FeatureExtractor.h"
#include "nn/events/EventDetector.h"
#include "nn/inference/ClassifierPool.h"
#include "nn/inference/HeardLabels.h"

namespace earshot {

struct EarSettings {
  double gain_db = 0.0;
  std::optional<double> gate_dbfs;  ///< quieter windows are gated; nothing classifies all
  bool operator==(const EarSettings&) const = default;
};

/// Not thread safe: its pipeline's.
class Ear {
 public:
  /// Of `source`, whose events' ids begin with `instance`. `clock`, `sink` and `numbered` outlive it.
  Ear(const EarSettings& settings, std::shared_ptr<const Hearing> hearing, const std::string& source,
      const std::string& instance, const StreamClock& clock, EventSink& sink,
      std::atomic<std::uint64_t>& numbered);

  float gain() const noexcept { return gain_; }
  bool gates(double level_dbfs) const noexcept { return gate_dbfs_ && level_dbfs < *gate_dbfs_; }
  /// Computes the window's scores, when its turn comes.
  ClassifierPool::Result classify(const Window& window, const ClassifierPool::Turn& turn) noexcept;
  /// The prediction gets the scores of the last window that was classified, and what was heard in it.
  void describe(Prediction& prediction);
  /// For the events: of a window that is described, with its scores unless it was gated.
  void hear(EventWindow window, bool gated) noexcept;
  /// Sound was lost: what was computed of it is of no use any more.
  void reset() noexcept { extractor_.reset(); }
  /// The sound breaks off: whatever event runs ends.
  void end_events() noexcept;

 private:
  std::shared_ptr<const Hearing> hearing_;
  float gain_;
  std::optional<double> gate_dbfs_;
  FeatureExtractor extractor_;
  HeardLabels heard_labels_;
  std::vector<float> features_;
  std::vector<float> scores_;
  std::optional<EventDetector> events_;
};

}  // namespace earshot
