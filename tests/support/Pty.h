// Pty: a terminal without a screen, for programs that look whether they write to one.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace earshot::test {

class Pty {
 public:
  explicit Pty(int columns) : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) {
      throw std::runtime_error("no pseudo-terminal");
    }
    path_ = ::ptsname(master_);
    slave_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    resize(columns);
  }
  ~Pty() {
    ::close(slave_);
    ::close(master_);
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  /// For a program to open.
  const std::filesystem::path& path() const noexcept { return path_; }
  int slave() const noexcept { return slave_; }
  void resize(int columns, int rows = 24) const {
    winsize size{};
    size.ws_row = static_cast<unsigned short>(rows);
    size.ws_col = static_cast<unsigned short>(columns);
    ::ioctl(master_, TIOCSWINSZ, &size);
  }

  /// What was written, up to and with the first `text`. Throws after 20 s without it.
  std::string read_until(const std::string& text) {
    std::string all;
    pollfd readable{master_, POLLIN, 0};
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (all.find(text) == std::string::npos) {
      char buffer[4096];
      if (::poll(&readable, 1, 20'000) <= 0 || std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no '" + text + "' in " + all);
      const ssize_t count = ::read(master_, buffer, sizeof buffer);
      if (count > 0) all.append(buffer, static_cast<std::size_t>(count));
    }
    return all;
  }

 private:
  int master_;
  int slave_ = -1;
  std::filesystem::path path_;
};

}  // namespace earshot::test
