// run_within: work in a process of its own, ended when it takes too long: drivers, servers and disks may
// hang.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace earshot {

struct Told {
  bool in_time = false;
  int status = 0;    ///< as waitpid(2) tells it; only if it was in time
  std::string text;  ///< of what it wrote the first MiB

  /// It ended by itself with exit code 0.
  bool is_good() const noexcept { return in_time && status == 0; }
};

/// `work` runs in a fork of this process, which has no other thread, and writes to the descriptor that it is
/// given; what it throws is its end with code 70. All that it starts ends with it. Throws Error(unavailable)
/// if there is no process to be had.
Told run_within(std::chrono::milliseconds limit, const std::function<void(int output)>& work);

/// A program sought in PATH, with LC_ALL=C: its standard output. One that is not there ends with code 127.
Told program_within(std::chrono::milliseconds limit, const std::vector<std::string>& argv);

}  // namespace earshot
