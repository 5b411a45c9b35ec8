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

#include "daemon/hearing/BootClock.h"
#include "daemon/hearing/Ear.h"
#include "daemon/hearing/Hearing.h"
#include "daemon/hearing/Message.h"
#include "daemon/hearing/SourceClock.h"
#include "daemon/hearing/UtcClock.h"
#include "dsp/audio/Resampler.h"
#include "dsp/audio/SlidingWindow.h"
#include "nn/events/StreamClock.h"

namespace earshot {

struct PipelineSettings {
  std::string source;  ///< its name in the messages
  EarSettings ear;
  std::string instance = {};  ///< what the events' ids begin with
};

/// Where a source's timeline has ended, and what moments its positions are.
struct Timeline {
  std::uint64_t position;
  SourceClock clock;
  StreamClock utc_clock;
};

/// One source's timeline, counted at the model's rate. Not thread safe: the thread that feeds it classifies,
/// too.
class Pipeline {
 public:
  /// `start` is when position 0 was, until push_live() knows better. `utc`, `sink` and `counters` outlive the
  /// pipeline.
  Pipeline(const PipelineSettings& settings, std::shared_ptr<const Hearing> hearing, UtcClock& utc,
           BootClock::time_point start, MessageSink& sink, Counters& counters);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Any one thread at a time: from the next window on it is heard by these, and events that run end, unless
  /// it is only the hop that changes. `hearing` is for the same rate and window. Throws Error, and nothing
  /// has changed.
  void change(const EarSettings& settings, std::shared_ptr<const Hearing> hearing);

  Timeline timeline() const { return {position(), clock_, utc_clock_}; }
  /// At first: the timeline goes on where `before` has ended.
  void follow(const Timeline& before) noexcept;

  /// Once a stop is requested nothing more is taken: whatever call runs then returns after the window in
  /// hand, or the one that has just got whole; it is skipped if it would have to wait for its turn.
  void heed(std::stop_token stop) noexcept { stop_ = std::move(stop); }

  /// Sound at `rate_hz` begins (again) at the present position. Throws Error(config) for a rate that cannot
  /// be resampled.
  void open(int rate_hz);

  /// One channel in any chunking. Publishes each window that it completes. After open().
  void push(std::span<const float> samples) noexcept;
  /// The same for live sound whose last sample arrived at `arrived`. A window that is not being classified within a
  /// window's length from then on is skipped; how many were is published as a gap before the next that is not.
  void push_live(std::span<const float> samples, BootClock::time_point arrived) noexcept;

  /// `samples` at the source's rate were lost here. After open().
  void lose(std::uint64_t samples, GapReason reason) noexcept;
  /// The same where `samples` at the source's rate were there and are left out: the timeline goes on at `to`, which is
  /// behind position().
  void drop(std::uint64_t samples, std::uint64_t to, GapReason reason) noexcept;
  /// `samples` at the model's rate went by while nobody listened. Before open().
  void pass(std::uint64_t samples, GapReason reason) noexcept;

  /// Publishes how many windows were skipped, which otherwise comes with the next that is not.
  void tell_skipped() noexcept;
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
  /// Where the timeline is after what was pushed and `more` samples at the source's rate, whatever the resampler still
  /// holds. While open.
  std::uint64_t position_after(std::uint64_t more) const noexcept {
    return opened_at_ + model_samples(source_samples_ + more);
  }
  /// Tells what moment a position is; whoever feeds live sound keeps it.
  SourceClock& clock() noexcept { return clock_; }
  int rate_hz() const noexcept { return rate_hz_; }
  /// Any thread: whether a window is being classified or published.
  bool is_classifying() const noexcept { return classifying_.load(std::memory_order_relaxed); }

 private:
  void end_piece() noexcept;
  void break_off() noexcept;
  void take(std::span<const float> resampled) noexcept;
  void take_rest(std::span<const float> resampled) noexcept;
  void jump(std::uint64_t position, GapReason reason) noexcept;
  struct Change;
  static bool differ_only_in_hop(const Hearing& a, const Hearing& b) noexcept;
  void change_when_due() noexcept;
  void hear(const Window& window, std::uint64_t padded_samples) noexcept;
  bool compute_scores(const Window& window) noexcept;
  void skip(const Window& window) noexcept;
  void note_lag(const Window& window) noexcept;
  std::uint64_t model_samples(std::uint64_t source_samples) const noexcept;

  const std::string source_;
  const std::string instance_;
  const int rate_hz_;
  MessageSink& sink_;
  Counters& counters_;
  UtcClock& utc_;
  SourceClock clock_;
  StreamClock utc_clock_;  // the same in UTC, as of the last window
  SlidingWindow windows_;
  struct Given {
    EarSettings settings;
    std::shared_ptr<const Hearing> hearing;
  } given_;  // last; whoever calls change() alone
  std::unique_ptr<Ear> ear_;
  std::atomic<Change*> change_{nullptr};  // owned; given by change(), taken by whoever feeds
  std::vector<float> chunk_;
  std::stop_token stop_;
  std::atomic<bool> classifying_{false};  // a mere hint: relaxed

  std::optional<Resampler> resampler_;  // while open
  int source_rate_hz_ = 0;
  std::uint64_t opened_at_ = 0;       // position of the last open()
  std::uint64_t source_samples_ = 0;  // since then, at the source's rate, lost ones included
  bool live_ = false;                 // push_live() feeds it
  BootClock::duration patience_;      // from a window's arrival to its turn
  std::optional<BootClock::time_point> arrived_;  // what is being pushed; nothing: there is all the time in the world
  std::uint64_t skipped_from_ = 0;
  std::uint64_t skipped_windows_ = 0;
  const std::shared_ptr<SourceGauges> gauges_;
  const std::shared_ptr<const std::atomic<bool>> gate_;  // whether it is on
};

}  // namespace earshot
