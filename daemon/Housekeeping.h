// Housekeeping: what the main thread does now and then, whatever is heard.
#pragma once

#include <chrono>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/Journal.h"
#include "daemon/hearing/Message.h"
#include "daemon/hearing/UtcClock.h"

namespace earshot {

/// Tells when UTC was corrected, and has the journal say what it kept. On the thread that runs `main`; all outlive it.
class Housekeeping {
 public:
  Housekeeping(boost::asio::io_context& main, UtcClock& utc, Journal& journal)
      : timer_(main), utc_(utc), journal_(journal) {
    wait();
  }

 private:
  static constexpr std::chrono::milliseconds kInterval{250};

  void wait() {
    timer_.expires_after(kInterval);
    timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      if (const double step_s = utc_.take_step_s(); step_s != 0.0) journal_.publish(ClockStep{step_s});
      journal_.tick();
      wait();
    });
  }

  boost::asio::steady_timer timer_;
  UtcClock& utc_;
  Journal& journal_;
};

}  // namespace earshot
