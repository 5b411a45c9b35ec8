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
  bool has_ended(const SourceTask& source);

  /// Makes what takes the place of a source that has ended; null: nothing does. Throws nothing.
  using Successor = std::function<std::unique_ptr<SourceTask>()>;
  /// Asks the source called `name` to end, which is there.
  void remove(const std::string& name);
  void replace(const std::string& name, Successor successor);

  /// Those that were asked to end and have are gone, and what takes their places starts.
  void reap();

  /// Whether nothing is left to hear.
  bool all_ended();

  /// Asks every source to end. A line for each that has not within `limit`, with what holds it up.
  std::vector<std::string> stop(std::chrono::milliseconds limit);

 private:
  struct Running {
    std::unique_ptr<SourceTask> source;
    bool leaving = false;
    Successor successor = nullptr;
    bool ended = false;  // guarded by mutex_
    std::jthread thread;
  };
  void ask_to_leave(const std::string& name, Leaving how, Successor successor);

  std::function<void()> source_ended_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Running> running_;
};

}  // namespace earshot
