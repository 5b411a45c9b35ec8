// Collector: a sink that keeps what a pipeline published.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "daemon/hearing/Message.h"

namespace earshot::test {

class Collector final : public MessageSink {
 public:
  void publish(Message message) noexcept override {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
  }

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

 private:
  mutable std::mutex mutex_;
  std::vector<Message> messages_;
};

}  // namespace earshot::test
