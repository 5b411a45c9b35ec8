// SourceClock: which moment a position of a source's timeline was heard at, and which position a moment has.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/hearing/BootClock.h"

namespace earshot {

/// Sound arrives some time after it was heard: a block of a device's, a network's delay, now more, now less.
/// What arrives least late tells the sender's clock: of every 5 s the least lateness moves the line from
/// positions to moments, so that a device which is off by some ppm never drifts away. Those moves tell how
/// far off it is, and at that rate the line goes on. Of a batch that is its last sample: it was heard as the
/// batch came, the others before it.
///
/// A stretch is sound that follows itself. When one ends and the next begins, positions go on along the same
/// line, at the rate that was measured: what a stretch's first seconds are late by is its own and does not
/// move the line. So the errors of outages do not add up. Not thread safe.
class SourceClock {
 public:
  using Time = BootClock::time_point;

  /// Position 0 was heard at `start`, until more is known. `rate_hz` is nominal.
  SourceClock(int rate_hz, Time start) noexcept : rate_hz_(rate_hz), moment_(start) {}

  /// A stretch begins whose sample at `position` was heard at `heard`, as far as one knows. The very first one sets the
  /// line.
  void begin(std::uint64_t position, Time heard) noexcept;
  /// The same after a pause of a sender that is still there, and as late as a rule as before.
  void go_on(std::uint64_t position, Time heard) noexcept;
  /// Of the stretch: all samples before `position` had arrived at `arrived`. Returns how much later its
  /// moments are for that.
  BootClock::duration arrive(std::uint64_t position, Time arrived) noexcept;
  /// Of the stretch: what came since the last arrival, up to `position`, was held up and tells nothing of the
  /// clock.
  void pass_over(std::uint64_t position) noexcept;

  Time time_of(std::uint64_t position) const noexcept;
  /// Where the timeline is at `moment`: what the next stretch begins with. At least `least`.
  std::uint64_t position_at(Time moment, std::uint64_t least) const noexcept;
  /// The same for a sender that is still there: the sample that it speaks at `moment`, late as it is as a
  /// rule.
  std::uint64_t position_heard_at(Time moment, std::uint64_t least) const noexcept {
    return position_at(moment - usual_.value_or(latency_), least);
  }
  /// How late `arrived` is for the samples before `position`; negative: earlier than any before.
  BootClock::duration lateness(std::uint64_t position, Time arrived) const noexcept {
    return arrived - time_of(position);
  }

  /// How much faster than nominal the source's clock runs; nothing before a minute of sound.
  std::optional<double> drift_ppm() const noexcept;
  /// What comes next has another clock.
  void forget_drift() noexcept { minute_ = measured_ = {}; }

 private:
  using Duration = BootClock::duration;

  Time line(std::uint64_t position) const noexcept;
  void anchor(std::uint64_t position, Time moment) noexcept;
  void begin_block(std::uint64_t position) noexcept;
  void settle_or_move(Duration by, std::uint64_t position) noexcept;
  void measure(std::uint64_t position) noexcept;
  double measured_rate_hz() const noexcept;

  int rate_hz_;
  bool begun_ = false;
  bool first_ = true;  // stretch: the line is its own
  std::uint64_t position_ = 0;  // a pair of the line
  Time moment_;
  Duration latency_{0};  // of this stretch, against the line
  std::optional<Duration> usual_;  // of its sender, once that is known

  int settling_ = 0;  // the stretch's first blocks: so many are to come
  std::uint64_t block_from_ = 0;
  std::uint64_t arrived_to_ = 0;
  std::uint64_t held_ = 0;  // of this block's samples, held up
  Duration least_{0};       // lateness in this block
  Time block_began_;        // on the line
  struct Span {
    Duration lasted{0};  // by its samples, at the nominal rate
    Duration took{0};    // by the line
  };
  Span minute_;  // that is being measured
  Span measured_;
};

}  // namespace earshot
