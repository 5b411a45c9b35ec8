// SourceThreads: a thread for each source, and when all of them have ended.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/capture/Source.h"

namespace earshot {

class SourceThreads {
 public:
  /// `all_ended` is called once, by the thread of the source that ended last.
  SourceThreads(std::vector<std::unique_ptr<Source>> sources, std::function<void()> all_ended);
  /// Stops and waits without a limit.
  ~SourceThreads() = default;
  SourceThreads(const SourceThreads&) = delete;
  SourceThreads& operator=(const SourceThreads&) = delete;

  void start();

  /// Asks every source to finish what it heard. False if one has not ended within `limit`: a driver holds it.
  bool stop(std::chrono::milliseconds limit);

 private:
  void source_ended();

  std::vector<std::unique_ptr<Source>> sources_;
  std::function<void()> all_ended_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t running_;
  std::vector<std::jthread> threads_;
};

}  // namespace earshot
