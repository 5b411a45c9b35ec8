// ReloadReader: a client of a daemon that reads its configuration again, and senders that speak meanwhile.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "tests/daemon/BookCheck.h"
#include "tests/daemon/Daemon.h"
#include "tests/daemon/Speaker.h"

namespace earshot::test {

using boost::json::object;

/// Reads the stream and adds it up.
class ReloadReader {
 public:
  explicit ReloadReader(const Daemon& daemon) : client_(daemon.connect()) {
    next("hello");
    client_.send("{\"type\":\"subscribe\",\"from_seq\":1}\n");
  }
  object next(std::string_view type) {
    return next([&](const object& message) { return message.at("type").as_string() == type; });
  }
  object next_state(std::string_view source, std::string_view state) {
    return next([&](const object& message) {
      return message.at("type").as_string() == "source" && message.at("source").as_string() == source &&
             message.at("state").as_string() == state;
    });
  }
  object next_prediction(std::string_view source) {
    return next([&](const object& message) {
      return message.at("type").as_string() == "prediction" && message.at("source").as_string() == source;
    });
  }
  object next(const std::function<bool(const object&)>& wanted) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
      object message = client_.message();
      check_.take(message);
      if (wanted(message)) return message;
    }
    throw std::runtime_error("what is awaited does not come, though other messages do");
  }
  void read_to_the_end() {
    while (const auto line = client_.line()) check_.take(boost::json::parse(*line).as_object());
  }
  const BookCheck& check() const { return check_; }

 private:
  static constexpr std::chrono::minutes kPatience{1};
  StreamClient client_;
  BookCheck check_;
};

/// A sender that speaks until the end of its scope.
class Talk {
 public:
  Talk(StreamClient sender, int rate_hz)
      : thread_([speaker = Speaker(std::move(sender), rate_hz)](std::stop_token stop) mutable {
          while (!stop.stop_requested()) speaker.speak(50ms);
        }) {}
  Talk(const Daemon& daemon, const std::string& source, int rate_hz)
      : Talk(daemon.connect_sender(source), rate_hz) {}

 private:
  std::jthread thread_;
};

inline std::vector<std::string> names_of(const object& hello) {
  std::vector<std::string> names;
  for (const auto& source : hello.at("sources").as_array()) names.emplace_back(source.at("name").as_string());
  return names;
}

}  // namespace earshot::test
