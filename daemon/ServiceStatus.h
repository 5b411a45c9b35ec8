// ServiceStatus: what is heard and what is not, as one line for `systemctl status`.
#pragma once

#include <chrono>
#include <ctime>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/hearing/Message.h"

namespace earshot {

/// A source as the status tells of it.
struct SourceStatus {
  SourceChange last;
  std::time_t since = 0;  ///< it has been in this state
};

/// "hearing mic; not porch (down since 2026-03-01 14:03: 192.168.1.7:40122 left)", local time. One line of at
/// most 1000 bytes of UTF-8, whatever the sources' details hold.
std::string status_line(const std::vector<SourceStatus>& sources);

/// Passes all on to another sink, which outlives it, and tells systemd of changes, at most once an interval.
class ServiceStatus final : public MessageSink {
 public:
  /// `notify` is sd_notify(3), called on the thread that runs `main`. Nobody runs that any more when this is
  /// destroyed.
  ServiceStatus(boost::asio::io_context& main, MessageSink& next,
                std::function<void(const std::string&)> notify,
                std::chrono::milliseconds interval = std::chrono::seconds(1));

  void publish(Message message) noexcept override;
  /// Another instance begins.
  void forget_all();

 private:
  void take(const SourceChange& change);
  void send_when_due();  // the main thread
  void send();

  boost::asio::io_context& main_;
  MessageSink& next_;
  std::function<void(const std::string&)> notify_;
  std::chrono::milliseconds interval_;
  boost::asio::steady_timer timer_;  // the main thread's
  std::chrono::steady_clock::time_point due_{};

  std::mutex mutex_;  // guards what follows
  std::vector<SourceStatus> sources_;
  bool changed_ = false;  // and not yet told
};

}  // namespace earshot
