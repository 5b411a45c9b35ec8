// ClassifierPool: one network for many sources: as many windows at a time as there are processors, and whoever waits
// is taken along.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "nn/inference/Classifier.h"

namespace earshot {

/// Any number of threads may use one. A thread that finds a classifier free takes it and computes windows that wait, the
/// longest waiting first, several at once where the network gains by that; the scores do not depend on it.
class ClassifierPool {
 public:
  /// How many classifiers of `threads` keep this machine's processors at work. Our own loops run on one thread each.
  static std::size_t enough(const PreparedNetwork& network, int threads);

  /// `classifiers` >= 1, each of `threads`. Throws Error.
  ClassifierPool(std::shared_ptr<const PreparedNetwork> network, std::size_t classifiers, int threads);
  ~ClassifierPool();

  /// As Classifier::classify() of one window; waits for as long as others are computed first.
  [[nodiscard]] bool classify(std::span<const float> features, std::span<float> scores) noexcept;

 private:
  struct Worker;
  /// A window that waits, on the stack of the thread that waits for it.
  struct Job {
    std::span<const float> features;
    std::span<float> scores;
    bool done = false;
    bool classified = false;
  };

  std::size_t values_;  // of a window's features
  std::size_t classes_;
  std::size_t most_together_;

  std::mutex mutex_;  // of all that follows, and of every job's done and classified
  std::condition_variable changed_;
  std::deque<Worker> workers_;  // never moved
  std::vector<Worker*> free_;
  std::vector<Job*> waiting_;  // the first has waited longest
};

}  // namespace earshot
