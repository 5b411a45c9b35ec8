// Signals: what ends the daemon or has it read its configuration again, and an answer in the log to the
// others.
#pragma once

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "daemon/log/Logging.h"
#include "dsp/base/Error.h"

namespace earshot {

/// From construction on, which comes before all other threads: SIGINT and SIGTERM stop `waiting`, SIGHUP
/// calls `reload` on its thread. SIGUSR1 and SIGUSR2, which would end a program that knows nothing of them,
/// are answered by a line. SIGQUIT still ends it at once, with a core. Writes to a peer that is gone fail
/// instead of ending it by SIGPIPE.
class Signals {
 public:
  /// Throws Error(unavailable).
  Signals(boost::asio::io_context& waiting, std::function<void()> reload)
      : waiting_(waiting), reload_(std::move(reload)), signals_(waiting, take_over()) {
    wait();
  }

  /// "SIGTERM"; empty if no signal has stopped `waiting`.
  const std::string& received() const noexcept { return received_; }

 private:
  // Blocked in every thread and read like a file: no handler interrupts anything, and none is lost.
  static int take_over() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&set, number);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    const int descriptor = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0)
      throw Error(ExitCode::unavailable, "signals: cannot be read: " + std::generic_category().message(errno));
    return descriptor;
  }

  void wait() {
    signals_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
      if (error) return;
      signalfd_siginfo signal{};
      while (::read(signals_.native_handle(), &signal, sizeof signal) == sizeof signal)
        take(static_cast<int>(signal.ssi_signo));
      wait();
    });
  }

  void take(int number) {
    if (number == SIGINT || number == SIGTERM) {
      received_ = number == SIGINT ? "SIGINT" : "SIGTERM";
      waiting_.stop();
      return;
    }
    if (number == SIGHUP) {
      reload_();
    } else {
      log_warning("{}: going on as before; it means nothing here", number == SIGUSR1 ? "SIGUSR1" : "SIGUSR2");
    }
  }

  boost::asio::io_context& waiting_;
  std::function<void()> reload_;
  boost::asio::posix::stream_descriptor signals_;
  std::string received_;
};

}  // namespace earshot
