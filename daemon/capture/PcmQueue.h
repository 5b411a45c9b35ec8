// PcmQueue: raw PCM from the thread that reads it to the thread that hears it, with the moments of its arrival.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "daemon/hearing/BootClock.h"
#include "daemon/settings/Config.h"

namespace earshot {

struct PcmArrival {
  enum class Kind {
    begin,  ///< a sender is there; `text` is its name, `pcm` what it sends
    bytes,
    end,     ///< the sender is gone; `text` says why, or nothing that was not told before
    finish,  ///< no other sender will come; `text` says why
    failure  ///< as finish, and it should not have happened
  };
  Kind kind = Kind::bytes;
  std::string text;
  std::vector<std::byte> bytes;
  BootClock::time_point arrived = BootClock::now();
  std::optional<PcmSettings> pcm = {};  ///< nothing: what the source is configured for
  bool is_news = true;                  ///< of an end: worth telling even if the source is down already
};

/// One thread pushes, another pops. It takes whatever it is given: who pushes asks it first.
class PcmQueue {
 public:
  explicit PcmQueue(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  void push(PcmArrival arrival) {
    {
      const std::lock_guard lock(mutex_);
      bytes_ += arrival.bytes.size();
      arrivals_.push_back(std::move(arrival));
    }
    changed_.notify_all();
  }
  /// Bytes that have come just now.
  void push(std::span<const std::byte> bytes) {
    push({.kind = PcmArrival::Kind::bytes, .text = {}, .bytes = {bytes.begin(), bytes.end()}});
  }
  /// Another kind, that is now.
  void push(PcmArrival::Kind kind, std::string text) {
    push({.kind = kind, .text = std::move(text), .bytes = {}});
  }
  bool is_full() const {
    const std::lock_guard lock(mutex_);
    return bytes_ >= most_bytes_;
  }
  /// Waits until there is room; false if a stop was requested before.
  bool await_room(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    return changed_.wait(lock, stop, [this] { return bytes_ < most_bytes_; });
  }

  /// The next; nothing after `limit`, or when a stop is requested.
  std::optional<PcmArrival> pop(const std::stop_token& stop, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, stop, limit, [this] { return !arrivals_.empty(); })) return std::nullopt;
    PcmArrival arrival = std::move(arrivals_.front());
    arrivals_.pop_front();
    bytes_ -= arrival.bytes.size();
    lock.unlock();
    changed_.notify_all();
    return arrival;
  }

 private:
  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<PcmArrival> arrivals_;
  std::size_t bytes_ = 0;
};

}  // namespace earshot
