// Pipe: both ends of one, closed with it and on exec.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {

class Pipe {
 public:
  /// `flags` of pipe2(2) beside O_CLOEXEC. Throws Error(unavailable).
  explicit Pipe(int flags = 0) {
    if (::pipe2(ends_.data(), O_CLOEXEC | flags) != 0)
      throw Error(ExitCode::unavailable, "cannot make a pipe: " + std::generic_category().message(errno));
  }
  ~Pipe() {
    close_reading();
    close_writing();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  /// -1 once it is closed.
  int reading() const noexcept { return ends_[0]; }
  int writing() const noexcept { return ends_[1]; }
  void close_reading() noexcept { close(ends_[0]); }
  void close_writing() noexcept { close(ends_[1]); }

 private:
  static void close(int& end) noexcept {
    if (const int descriptor = std::exchange(end, -1); descriptor >= 0) ::close(descriptor);
  }
  std::array<int, 2> ends_{-1, -1};
};

}  // namespace earshot
