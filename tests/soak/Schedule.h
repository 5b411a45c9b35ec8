// Schedule: all victims at once, each fault about as often as any other.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/soak/Fault.h"
#include "tests/soak/Findings.h"

namespace earshot::soak {

/// How a fault went.
struct Tally {
  unsigned begun = 0;
  unsigned recovered = 0;
  std::vector<double> recovery_s;
};

/// A thread a victim: it takes the fault that was had least, of several one by chance, waits for its end, and
/// rests.
class Schedule {
 public:
  using Clock = std::chrono::steady_clock;

  Schedule(std::uint64_t seed, Findings& findings, Trace& trace)
      : seed_(seed), findings_(findings), trace_(trace) {}

  /// Its faults begin from now on, as long as they can be over by `end`.
  void add(Victim victim, Clock::time_point end);
  /// For all to be over.
  void wait() { threads_.clear(); }

  /// By the faults' names.
  std::map<std::string, Tally> tallies() const;

 private:
  void befall(const Victim& victim, Clock::time_point end, KeyedRandom random);
  const Fault* choose(const Victim& victim, std::chrono::nanoseconds left, KeyedRandom& random);

  const std::uint64_t seed_;
  Findings& findings_;
  Trace& trace_;
  mutable std::mutex mutex_;  // guards the next
  std::map<std::string, Tally> tallies_;
  std::vector<std::jthread> threads_;
};

}  // namespace earshot::soak
