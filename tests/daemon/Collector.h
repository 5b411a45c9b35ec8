// Collector: a sink that keeps what a pipeline published.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/hearing/Message.h"

namespace earshot::test {

class Collector final : public MessageSink {
 public:
  void publish(Message message) noexcept override {
    if (on_message) on_message(message);
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
  }

  /// Called with each message on its publisher's thread, before it is kept. Set before there are messages.
  std::function<void(const Message&)> on_message;

  /// Those of one kind, in order.
  template <typename Kind>
  std::vector<Kind> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<Kind> found;
    for (const Message& message : messages_) {
      if (const Kind* kind = std::get_if<Kind>(&message)) found.push_back(*kind);
    }
    return found;
  }

  /// The same once there are `count`; fewer if they do not come within 20 s.
  template <typename Kind>
  std::vector<Kind> await(std::size_t count) const {
    for (int i = 0; i < 4'000 && all<Kind>().size() < count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return all<Kind>();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Message> messages_;
};

}  // namespace earshot::test
