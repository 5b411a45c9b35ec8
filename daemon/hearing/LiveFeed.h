// LiveFeed: live sound as it arrives -> a pipeline: what came late in its place, what never came as a gap.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "daemon/hearing/Pipeline.h"

namespace earshot {

/// Sound is live: it arrives about as fast as time goes by. When it pauses and comes again there are two cases, which only
/// the speed tells apart. What was held up on its way arrives faster than it was spoken: it follows what came before it,
/// its moments are those when it was heard. What arrives at its own speed, half a second late or more, is new: what is
/// missing before it is a gap. So sound that comes late is held for up to half a second, until that is known.
///
/// A sender may be two seconds ahead of the clock, as one that fills a buffer is. What is more than that is too much to be
/// live: it is dropped, and a gap until the clock has caught up. Not thread safe.
class LiveFeed {
 public:
  using Time = BootClock::time_point;
  /// What becomes of sound that is ahead of the clock: it is dropped; it cannot be, of a device; or it is welcome and
  /// nothing of the above holds: nothing is dropped, held or skipped, pauses are none of ours.
  enum class Haste { dropped, impossible, welcome };

  /// `pipeline` outlives it. `loss` is the reason of its gaps.
  LiveFeed(Pipeline& pipeline, GapReason loss, Haste haste) noexcept
      : pipeline_(pipeline), loss_(loss), haste_(haste) {}

  /// A stretch of sound at `rate_hz` begins: the pipeline is opened. Its first sample was heard at `heard`; what went by
  /// since the last one, or since the source's start if that was `waited_for`, is a gap.
  void begin(int rate_hz, Time heard, bool waited_for);
  /// Its next samples, the last of which arrived at `arrived`.
  void push(std::span<const float> samples, Time arrived) noexcept;
  /// Of the stretch: `samples` at its rate were lost here.
  void lose(std::uint64_t samples, GapReason reason) noexcept;
  /// Now and then while nothing comes: what is held may be known to be new by now.
  void tick(Time now) noexcept;
  /// The stretch is over: the pipeline is closed.
  void end() noexcept;
  /// The source is over: the pipeline is finished.
  void finish() noexcept;

 private:
  using Duration = BootClock::duration;
  struct Late {
    std::vector<float> samples;
    Time arrived;
    Duration lateness;
  };

  void release() noexcept;
  void hear_late() noexcept;
  void let_go() noexcept;
  void end_dropping(std::uint64_t to) noexcept;
  void release_after_gap() noexcept;
  bool is_too_early(std::size_t samples, Time arrived) noexcept;

  Pipeline& pipeline_;
  GapReason loss_;
  Haste haste_;
  int rate_hz_ = 0;
  bool open_ = false;
  bool heard_any_ = false;

  Duration spread_{0};          // of lateness as this sender's blocks make it
  std::vector<Late> late_;      // held, in order
  Duration least_lateness_{0};  // since sound is late
  Time improved_at_;            // when it last fell
  bool improving_ = false;      // it has fallen: what comes was held up on its way

  Duration credit_{0};                // of being early
  std::optional<Time> dropping_from_;
  std::uint64_t dropped_ = 0;  // samples since then
};

}  // namespace earshot
