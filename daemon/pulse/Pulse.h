// Pulse: a thread's sign of life. Pulses: all of them, and who has stopped.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace earshot {

class Pulses;

/// Of one thread of ours that goes round a loop. A source that hears nothing, a client that reads nothing and
/// a window that comes too late are no reason not to beat: only a thread that no longer comes round is.
class Pulse {
 public:
  /// Any thread. From here on the thread has to beat. `name` is how the log calls it: "source 'mic'". Without
  /// `pulses` nobody looks; they outlive it.
  Pulse(Pulses* pulses, std::string name);
  /// Any thread: it has ended, and nothing more is expected of it.
  ~Pulse();
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  /// The thread itself, each time round and at least every 2 s; between windows, if it classifies many
  /// without coming round. Wait-free.
  void beat() noexcept {
    resting_.store(false, std::memory_order_relaxed);
    beats_.store(beats_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  /// The thread itself, before a call that lasts as long as others like: a driver's, a read from a disk that
  /// may be gone. Until its next beat it may be silent. Wait-free.
  void rest() noexcept { resting_.store(true, std::memory_order_relaxed); }

 private:
  friend class Pulses;

  Pulses* pulses_;
  std::string name_;
  // Statistics that order nothing else: relaxed. One writer, the thread itself.
  std::atomic<std::uint64_t> beats_{0};
  std::atomic<bool> resting_{false};
  // Of Pulses, under its mutex.
  std::uint64_t seen_ = 0;
  unsigned silent_rounds_ = 0;
};

/// Silence is counted in rounds that somebody looked, not in time: a process that was stopped, or a machine
/// that slept, had no rounds, and its threads go on with what they had left.
class Pulses {
 public:
  /// A thread that was silent for `patience` rounds of about `round` each has stopped.
  Pulses(unsigned patience, std::chrono::microseconds round) : patience_(patience), round_(round) {}
  ~Pulses() = default;
  Pulses(const Pulses&) = delete;
  Pulses& operator=(const Pulses&) = delete;

  /// Once a round, always by the same thread. Whether none has stopped; logs when one has, and when it comes
  /// round again.
  bool look() noexcept;

  /// Any thread: the names of those that had stopped when look() was called last.
  std::vector<std::string> standing_still() const;

 private:
  friend class Pulse;
  double silent_s(const Pulse& pulse) const noexcept;

  const unsigned patience_;
  const std::chrono::microseconds round_;
  mutable std::mutex mutex_;
  std::vector<Pulse*> pulses_;
};

}  // namespace earshot
