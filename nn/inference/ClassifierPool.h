// ClassifierPool: one network for many sources: as many windows at a time as there are processors, and whoever waits
// is taken along.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "nn/inference/Classifier.h"

namespace earshot {

/// Any number of threads may use one. A thread that finds a classifier free takes it and computes windows that wait,
/// several at once where the network gains by that; the scores do not depend on it. First come those whose source had to
/// skip the most before them, of these the longest waiting: where there is too little time, all sources skip alike.
class ClassifierPool {
 public:
  /// How many classifiers of `threads` keep this machine's processors at work. Our own loops run on one thread each.
  static std::size_t enough(const PreparedNetwork& network, int threads);

  /// `classifiers`, each of `threads`; where there are none, no turn ever comes. Throws Error.
  ClassifierPool(std::shared_ptr<const PreparedNetwork> network, std::size_t classifiers, int threads);
  ~ClassifierPool();

  std::size_t classifiers() const noexcept;
  /// Laid out, for another pool.
  const std::shared_ptr<const PreparedNetwork>& network() const noexcept { return network_; }

  struct Turn {
    std::uint64_t skipped = 0;                         ///< windows of this source, just before this one
    std::optional<std::chrono::nanoseconds> patience;  ///< to wait at most; nothing: for as long as it takes
    std::stop_token stop = {};                         ///< once requested, it no longer waits
  };
  enum class Result {
    classified,
    too_late,  ///< its turn did not come in time, or before a stop
    refused,   ///< as Classifier::classify() does
  };
  /// As Classifier::classify() of one window; waits while others are computed first.
  [[nodiscard]] Result classify(std::span<const float> features, std::span<float> scores, const Turn& turn) noexcept;

 private:
  struct Worker;
  /// A window that waits, on the stack of the thread that waits for it.
  struct Job {
    std::span<const float> features;
    std::span<float> scores;
    std::uint64_t skipped;
    std::chrono::steady_clock::time_point until;
    bool taken = false;
    bool done = false;
    Result result = Result::too_late;
    std::condition_variable changed{};

    /// Under the pool's mutex, or its thread might have gone before it is woken.
    void finish() noexcept {
      done = true;
      changed.notify_one();
    }
  };

  std::size_t take(std::span<Job*> jobs) noexcept;
  void wake_next() noexcept;

  std::shared_ptr<const PreparedNetwork> network_;
  std::size_t values_;  // of a window's features
  std::size_t classes_;
  std::size_t most_together_;

  std::mutex mutex_;            // of all that follows, and of every job's taken, done and result
  std::deque<Worker> workers_;  // never moved
  std::vector<Worker*> free_;
  std::vector<Job*> waiting_;  // in the order of their turns
};

}  // namespace earshot
