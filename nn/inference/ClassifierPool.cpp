#include "nn/inference/ClassifierPool.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <thread>
#include <utility>

#include "nn/inference/PreparedNetwork.h"
#include "nn/inference/SeparablePlan.h"

namespace earshot {

namespace {

constexpr std::size_t kMostTogether = SeparablePlan::kMostPatches;
constexpr std::size_t kWaiting = 256;  // threads for which there is room beforehand

}  // namespace

// A classifier, and room for the windows of several sources side by side.
struct ClassifierPool::Worker {
  Worker(std::shared_ptr<const PreparedNetwork> network, int threads)
      : features(kMostTogether * network->input().size()),
        scores(kMostTogether * network->classes()),
        classifier(std::move(network), threads) {}

  void run(std::span<Job* const> jobs) noexcept {
    if (jobs.size() == 1) {  // nothing to put side by side
      jobs[0]->classified = classifier.classify(jobs[0]->features, jobs[0]->scores);
      return;
    }
    const std::size_t values = features.size() / kMostTogether;
    const std::size_t classes = scores.size() / kMostTogether;
    for (std::size_t i = 0; i < jobs.size(); ++i)
      std::ranges::copy(jobs[i]->features, features.begin() + static_cast<std::ptrdiff_t>(i * values));
    const bool classified = classifier.classify(std::span(features).first(jobs.size() * values),
                                                std::span(scores).first(jobs.size() * classes));
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      std::ranges::copy(std::span(scores).subspan(i * classes, classes), jobs[i]->scores.begin());
      jobs[i]->classified = classified;
    }
  }

  std::vector<float> features;
  std::vector<float> scores;
  Classifier classifier;
};

ClassifierPool::ClassifierPool(std::shared_ptr<const PreparedNetwork> network, std::size_t classifiers, int threads)
    : values_(network->input().size()),
      classes_(network->classes()),
      most_together_(network->separable() ? kMostTogether : 1) {
  waiting_.reserve(kWaiting);
  for (std::size_t i = 0; i < classifiers; ++i) free_.push_back(&workers_.emplace_back(network, threads));
}

ClassifierPool::~ClassifierPool() = default;

std::size_t ClassifierPool::enough(const PreparedNetwork& network, int threads) {
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  return network.separable() ? processors : std::max<std::size_t>(1, processors / static_cast<std::size_t>(threads));
}

// Who waits either finds a free classifier or knows that one at work will look at the queue again when it is done and
// wake it: a job that was queued is never forgotten.
bool ClassifierPool::classify(std::span<const float> features, std::span<float> scores) noexcept {
  if (features.size() != values_ || scores.size() != classes_) return false;
  Job own{.features = features, .scores = scores};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&own);
  while (!own.done) {
    if (free_.empty() || waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    Worker* worker = free_.back();
    free_.pop_back();
    std::array<Job*, kMostTogether> jobs;
    const std::size_t count = std::min(most_together_, waiting_.size());
    const auto taken = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    std::copy(waiting_.begin(), taken, jobs.begin());
    waiting_.erase(waiting_.begin(), taken);
    lock.unlock();
    worker->run(std::span(jobs).first(count));
    lock.lock();
    for (std::size_t i = 0; i < count; ++i) jobs[i]->done = true;
    free_.push_back(worker);
    changed_.notify_all();
  }
  return own.classified;
}

}  // namespace earshot
