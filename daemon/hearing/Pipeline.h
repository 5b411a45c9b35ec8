// Pipeline: samples of one source -> resampler -> window -> gate -> features -> classifier -> predictions and events.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/hearing/Message.h"
#include "dsp/audio/Resampler.h"
#include "dsp/audio/SlidingWindow.h"
#include "dsp/features/FeatureExtractor.h"
#include "nn/events/EventDetector.h"
#include "nn/events/EventRules.h"
#include "nn/events/StreamClock.h"
#include "nn/inference/ClassifierPool.h"
#include "nn/inference/HeardLabels.h"

namespace earshot {

struct PipelineSettings {
  std::string source;  ///< its name in the messages
  std::uint64_t hop_samples = 0;
  double gain_db = 0.0;
  std::optional<double> gate_dbfs;  ///< quieter windows are gated; nothing classifies all
  std::shared_ptr<const EventRules> events = nullptr;  ///< the model's; nothing: no events
  std::string instance = {};                           ///< what the events' ids begin with
};

/// One source's timeline, counted at the model's rate. Not thread safe: the thread that feeds it classifies,
/// too.
class Pipeline {
 public:
  /// `classifiers` are the model's, shared by all pipelines. `start` is when position 0 was, until push_live() knows
  /// better. `classifiers`, `sink` and `counters` outlive the pipeline.
  Pipeline(const PipelineSettings& settings, const Model& model, ClassifierPool& classifiers, UtcTime start,
           MessageSink& sink, Counters& counters);

  /// Once a stop is requested no further window is classified and nothing more is taken: whatever call runs
  /// then returns after the window in hand.
  void heed(std::stop_token stop) noexcept { stop_ = std::move(stop); }

  /// Sound at `rate_hz` begins (again) at the present position. Throws Error(config) for a rate that cannot
  /// be resampled.
  void open(int rate_hz);

  /// One channel in any chunking. Publishes each window that it completes. After open().
  void push(std::span<const float> samples) noexcept;
  /// The same for live sound whose last sample was heard at `heard`. A source that is `behind` has its
  /// windows skipped until it no longer is; then their number is published as one gap.
  void push_live(std::span<const float> samples, UtcTime heard, bool behind) noexcept;

  /// `samples` at the source's rate were lost here. After open().
  void lose(std::uint64_t samples, GapReason reason) noexcept;
  /// `samples` at the model's rate went by while nobody listened. Before open().
  void pass(std::uint64_t samples, GapReason reason) noexcept;

  /// The sound breaks off: what the resampler still holds is heard, and whatever event runs ends. Another open() may
  /// follow.
  void close() noexcept;
  /// The source has ended: close(), and its first window padded if it never got whole.
  void finish() noexcept;

  /// NaN and infinite samples that the source has replaced.
  void add_bad_samples(std::uint64_t count) noexcept {
    counters_.bad_samples.fetch_add(count, std::memory_order_relaxed);
  }

  /// Samples of the timeline so far, lost ones included.
  std::uint64_t position() const noexcept { return windows_.position(); }
  int rate_hz() const noexcept { return extractor_.recipe().rate_hz; }
  /// Any thread: whether a window is being classified or published.
  bool is_classifying() const noexcept { return classifying_.load(std::memory_order_relaxed); }

 private:
  void break_off() noexcept;
  void end_events() noexcept;
  void take(std::span<const float> resampled) noexcept;
  void jump(std::uint64_t position, GapReason reason) noexcept;
  void classify(const Window& window, std::uint64_t padded_samples) noexcept;
  void publish_skipped() noexcept;
  std::uint64_t model_samples(std::uint64_t source_samples) const noexcept;

  PipelineSettings settings_;
  float gain_;
  MessageSink& sink_;
  Counters& counters_;
  StreamClock clock_;
  SlidingWindow windows_;
  FeatureExtractor extractor_;
  ClassifierPool& classifiers_;
  HeardLabels heard_labels_;
  std::vector<float> chunk_;
  std::vector<float> features_;
  std::vector<float> scores_;
  std::optional<EventDetector> events_;
  std::stop_token stop_;
  std::atomic<bool> classifying_{false};  // a mere hint: relaxed

  std::optional<Resampler> resampler_;  // while open
  int source_rate_hz_ = 0;
  std::uint64_t opened_at_ = 0;       // position of the last open()
  std::uint64_t source_samples_ = 0;  // since then, at the source's rate, lost ones included
  UtcTime last_time_{};               // of a prediction
  bool behind_ = false;
  std::uint64_t skipped_from_ = 0;
  std::uint64_t skipped_windows_ = 0;
};

}  // namespace earshot
