// Reloader: reads configuration and model again, on a thread of its own: whatever the disk does, the daemon
// goes on.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "daemon/MakeHearing.h"

namespace earshot {

/// All calls, and those of what it is given, on the thread that runs `main`, which outlives it.
class Reloader {
 public:
  struct Handlers {
    std::function<const ConfiguredHearing&()> present;
    std::function<void()> begun;
    /// Throws Error if it cannot be.
    std::function<void(ConfiguredHearing)> loaded;
    std::function<void(const std::string& why)> refused;
  };
  /// Reads config_path(asked).
  Reloader(boost::asio::io_context& main, std::optional<std::filesystem::path> asked, Handlers handlers)
      : main_(main), asked_path_(std::move(asked)), handlers_(std::move(handlers)) {}
  /// Waits for the disk.
  ~Reloader() = default;

  /// Begins, or, while one reads, again when it has.
  void ask();
  bool is_reading() const noexcept { return reading_; }

 private:
  struct Result;
  void read(const ConfiguredHearing& present);
  void finish(Result result);

  boost::asio::io_context& main_;
  std::optional<std::filesystem::path> asked_path_;
  Handlers handlers_;
  bool reading_ = false;
  bool asked_again_ = false;
  std::jthread thread_;
};

}  // namespace earshot
