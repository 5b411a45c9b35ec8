// StopSignal: Ctrl-C and SIGTERM as a question that long work asks between its steps.
#pragma once

namespace earshot {

/// While one lives (at most one at a time), the first SIGINT or SIGTERM is only noted; a second one ends the
/// program at once. The destructor restores what held before.
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
