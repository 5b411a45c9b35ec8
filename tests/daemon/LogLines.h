// LogLines: what the code under test logs, for tests that run it in their own process.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace earshot::test {

/// Takes the place of spdlog's default logger while it lives.
class LogLines {
 public:
  LogLines() : sink_(std::make_shared<Sink>()), before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>("test", sink_);
    logger->set_level(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
  }
  ~LogLines() { spdlog::set_default_logger(before_); }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;

  /// Called with each line by the thread that logs it. Set before there are lines.
  void on_line(std::function<void(std::string_view)> act) { sink_->act = std::move(act); }

  /// How many lines hold `text`.
  std::size_t count(std::string_view text) const {
    const std::lock_guard lock(sink_->lines_mutex);
    return static_cast<std::size_t>(
        std::count_if(sink_->lines.begin(), sink_->lines.end(),
                      [&](const std::string& line) { return line.find(text) != std::string::npos; }));
  }
  /// The same once there are `least`; fewer if they do not come within 20 s.
  std::size_t await(std::string_view text, std::size_t least = 1) const {
    for (int i = 0; i < 4'000 && count(text) < least; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return count(text);
  }

 private:
  struct Sink final : spdlog::sinks::base_sink<std::mutex> {
    void sink_it_(const spdlog::details::log_msg& message) override {
      const std::string_view line(message.payload.data(), message.payload.size());
      if (act) act(line);
      const std::lock_guard lock(lines_mutex);
      lines.emplace_back(line);
    }
    void flush_() override {}

    std::function<void(std::string_view)> act;
    std::mutex lines_mutex;
    std::vector<std::string> lines;
  };

  std::shared_ptr<Sink> sink_;
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace earshot::test
