// StopSignal: Ctrl-C, SIGTERM and a terminal that hangs up as a question that long work asks between its
// steps.
#pragma once

namespace earshot {

/// While one lives (at most one at a time), the first SIGINT, SIGTERM or SIGHUP is only noted; a second one,
/// of whatever kind, ends the program at once. A terminal that closes may be told of twice, by itself and by the
/// shell: a SIGHUP within a second of the first is the same. SIGHUP that was ignored before (nohup) stays
/// ignored. The destructor restores what held before.
class StopSignal {
 public:
  StopSignal() noexcept;
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// The signal's number, or 0. Any thread.
  int received() const noexcept;
};

}  // namespace earshot
