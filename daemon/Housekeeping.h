// Housekeeping: what the main thread does now and then, whatever is heard.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace earshot {

/// On the thread that runs `main`, which outlives it.
class Housekeeping {
 public:
  Housekeeping(boost::asio::io_context& main, std::function<void()> act)
      : timer_(main), act_(std::move(act)) {
    wait();
  }

 private:
  static constexpr std::chrono::milliseconds kInterval{250};

  void wait() {
    timer_.expires_after(kInterval);
    timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      act_();
      wait();
    });
  }

  boost::asio::steady_timer timer_;
  std::function<void()> act_;
};

}  // namespace earshot
