// SourceThreads: a thread for each source, and when all of them have ended.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/capture/SourceTask.h"

namespace earshot {

class SourceThreads {
 public:
  /// `all_ended` is called once, by the thread of the source that ended last.
  SourceThreads(std::vector<std::unique_ptr<SourceTask>> sources, std::function<void()> all_ended);
  /// Stops and waits without a limit.
  ~SourceThreads() = default;
  SourceThreads(const SourceThreads&) = delete;
  SourceThreads& operator=(const SourceThreads&) = delete;

  void start();

  /// Asks every source to end. A line for each that has not within `limit`, with what holds it up.
  std::vector<std::string> stop(std::chrono::milliseconds limit);

 private:
  void source_ended(std::size_t index);

  std::vector<std::unique_ptr<SourceTask>> sources_;
  std::function<void()> all_ended_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> ended_;
  std::vector<std::jthread> threads_;
};

}  // namespace earshot
