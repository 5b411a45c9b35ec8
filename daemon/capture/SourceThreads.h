// SourceThreads: a thread for each source, from its start to its end or until another takes its place.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/capture/SourceTask.h"

namespace earshot {

/// All calls by one thread.
class SourceThreads {
 public:
  /// `source_ended` is called by the thread of each source that has ended: reap() is due.
  explicit SourceThreads(std::function<void()> source_ended) : source_ended_(std::move(source_ended)) {}
  /// Stops and waits without a limit.
  ~SourceThreads() = default;
  SourceThreads(const SourceThreads&) = delete;
  SourceThreads& operator=(const SourceThreads&) = delete;

  void start(std::unique_ptr<SourceTask> source);

  /// Whether there is one called `name`, be it leaving.
  bool has(const std::string& name) const noexcept;
  /// The source called `name`; null if there is none, or it is leaving.
  SourceTask* find(const std::string& name) noexcept;

  /// Asks the source called `name`, which is there, to end, or tells one that is leaving how.
  void leave(const std::string& name, Leaving how);

  /// Of those that were asked to end and have: they are gone.
  struct Gone {
    std::string name;
    Timelines timelines;
  };
  std::vector<Gone> reap();

  /// Whether nothing is left to hear.
  bool all_ended();
  /// Once nothing is: what went wrong ended one of them.
  bool has_one_failed() const noexcept;

  /// Asks every source to end. A line for each that has not within `limit`, with what holds it up.
  std::vector<std::string> stop(std::chrono::milliseconds limit);

 private:
  struct Running {
    std::unique_ptr<SourceTask> source;
    bool leaving = false;
    bool ended = false;  // guarded by mutex_
    std::jthread thread;
  };

  std::function<void()> source_ended_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Running> running_;
};

}  // namespace earshot
