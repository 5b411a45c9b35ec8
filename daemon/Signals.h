// Signals: what ends the daemon, and an answer in the log to those that do not.
#pragma once

#include <csignal>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "daemon/log/Logging.h"

namespace earshot {

/// From construction on: SIGINT and SIGTERM stop `waiting`. SIGHUP, SIGUSR1 and SIGUSR2, which would end a
/// program that knows nothing of them, are answered by a line. SIGQUIT still ends it at once, with a core.
/// Writes to a peer that is gone fail instead of ending it by SIGPIPE.
class Signals {
 public:
  explicit Signals(boost::asio::io_context& waiting) : waiting_(waiting), signals_(waiting, SIGINT, SIGTERM) {
    std::signal(SIGPIPE, SIG_IGN);
    for (const int number : {SIGHUP, SIGUSR1, SIGUSR2}) signals_.add(number);
    wait();
  }

  /// "SIGTERM"; empty if no signal has stopped `waiting`.
  const std::string& received() const noexcept { return received_; }

 private:
  void wait() {
    signals_.async_wait([this](boost::system::error_code error, int number) {
      if (!error) take(number);
    });
  }

  void take(int number) {
    if (number == SIGINT || number == SIGTERM) {
      received_ = number == SIGINT ? "SIGINT" : "SIGTERM";
      waiting_.stop();
      return;
    }
    if (number == SIGHUP) {
      log_warning("SIGHUP: going on as before; a changed configuration or model is read at the next start");
    } else {
      log_warning("{}: going on as before; it means nothing here", number == SIGUSR1 ? "SIGUSR1" : "SIGUSR2");
    }
    wait();
  }

  boost::asio::io_context& waiting_;
  boost::asio::signal_set signals_;
  std::string received_;
};

}  // namespace earshot
