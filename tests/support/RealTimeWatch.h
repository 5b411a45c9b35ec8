// RealTimeWatch: what a thread does that real-time code may not: allocate, lock, enter the kernel.
#pragma once

#include <cstddef>
#include <optional>

namespace earshot::test {

/// Linking this replaces the program's malloc and free and what of pthread and semaphores locks, wakes or
/// waits, for every library in the process. System calls are seen by the kernel itself (syscall user
/// dispatch), however they are made; what the vDSO answers, a clock's time, is none. Page faults are not
/// seen.
class RealTimeWatch {
 public:
  /// Whether this kernel and processor can: Linux 5.11 or later on x86-64, unless a sandbox forbids it.
  static bool is_possible() noexcept;

  /// Begins to watch the calling thread. One at a time a thread.
  RealTimeWatch() noexcept;
  ~RealTimeWatch();
  RealTimeWatch(const RealTimeWatch&) = delete;
  RealTimeWatch& operator=(const RealTimeWatch&) = delete;

  struct Seen {
    std::size_t allocations = 0;  ///< and frees
    std::size_t locks = 0;
    std::optional<long> system_call;  ///< the number of the first; nothing behind it is seen
  };
  /// Ends it. Before the test framework allocates.
  Seen end() noexcept;
};

}  // namespace earshot::test
