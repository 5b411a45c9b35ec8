// Wake: gets a thread out of poll(2).
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <system_error>

namespace earshot {

class Wake {
 public:
  /// Throws std::system_error.
  Wake() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~Wake() { ::close(event_); }
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  /// To poll for reading.
  int descriptor() const noexcept { return event_; }
  /// Any thread.
  void wake() noexcept { ::eventfd_write(event_, 1); }
  /// The thread itself, before it looks for what it was woken for.
  void clear() noexcept {
    std::uint64_t count = 0;
    ::eventfd_read(event_, &count);
  }

 private:
  int event_;
};

}  // namespace earshot
