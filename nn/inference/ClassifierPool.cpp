#include "nn/inference/ClassifierPool.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <stop_token>
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
    if (jobs.empty()) return;  // all were too late
    if (jobs.size() == 1) {  // nothing to put side by side
      jobs[0]->result = result_of(classifier.classify(jobs[0]->features, jobs[0]->scores));
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
      jobs[i]->result = result_of(classified);
    }
  }

  static Result result_of(bool classified) noexcept { return classified ? Result::classified : Result::refused; }

  std::vector<float> features;
  std::vector<float> scores;
  Classifier classifier;
};

ClassifierPool::ClassifierPool(std::shared_ptr<const PreparedNetwork> network, std::size_t classifiers,
                               int threads)
    : network_(std::move(network)),
      values_(network_->input().size()),
      classes_(network_->classes()),
      most_together_(network_->separable() ? kMostTogether : 1) {
  waiting_.reserve(kWaiting);
  for (std::size_t i = 0; i < classifiers; ++i) free_.push_back(&workers_.emplace_back(network_, threads));
}

std::size_t ClassifierPool::classifiers() const noexcept {
  return workers_.size();
}

ClassifierPool::~ClassifierPool() = default;

std::size_t ClassifierPool::enough(const PreparedNetwork& network, int threads) {
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  return network.separable() ? processors : std::max<std::size_t>(1, processors / static_cast<std::size_t>(threads));
}

// A free classifier and a window that waits never lie side by side for long: whoever leaves them behind wakes
// the thread of the one whose turn it is.
ClassifierPool::Result ClassifierPool::classify(std::span<const float> features, std::span<float> scores,
                                                const Turn& turn) noexcept {
  if (features.size() != values_ || scores.size() != classes_) return Result::refused;
  using Clock = std::chrono::steady_clock;
  Job own{.features = features,
          .scores = scores,
          .skipped = turn.skipped,
          .until = turn.patience ? Clock::now() + *turn.patience : Clock::time_point::max()};
  const std::stop_callback on_stop(turn.stop, [&] {  // before the lock: gone only once that is
    const std::lock_guard lock(mutex_);
    own.changed.notify_one();
  });
  std::unique_lock lock(mutex_);
  // Who has all the time in the world has skipped nothing and would wait for ever behind those who have.
  if (!turn.patience && !waiting_.empty()) own.skipped = std::max(own.skipped, waiting_.front()->skipped);
  const auto later = [](const Job* a, const Job* b) { return a->skipped > b->skipped; };
  waiting_.insert(std::upper_bound(waiting_.begin(), waiting_.end(), &own, later), &own);
  while (!own.done) {
    const bool must_wait = free_.empty() || waiting_.empty();
    if (!own.taken && (Clock::now() >= own.until || (must_wait && turn.stop.stop_requested()))) {
      std::erase(waiting_, &own);
      wake_next();
      return Result::too_late;
    }
    if (must_wait) {
      if (own.taken || !turn.patience) {
        own.changed.wait(lock);
      } else {
        own.changed.wait_until(lock, own.until);
      }
      continue;
    }
    Worker* worker = free_.back();
    free_.pop_back();
    std::array<Job*, kMostTogether> jobs;
    const std::size_t count = take(jobs);
    wake_next();
    lock.unlock();
    worker->run(std::span(jobs).first(count));
    lock.lock();
    for (std::size_t i = 0; i < count; ++i) jobs[i]->finish();
    free_.push_back(worker);
  }
  wake_next();
  return own.result;
}

// Those whose turn it is, without those whose time is over: their threads are about to know.
std::size_t ClassifierPool::take(std::span<Job*> jobs) noexcept {
  const auto now = std::chrono::steady_clock::now();
  std::size_t count = 0;
  std::erase_if(waiting_, [&](Job* job) {
    if (count == most_together_) return false;
    job->taken = true;
    if (now >= job->until) {
      job->finish();
    } else {
      jobs[count++] = job;
    }
    return true;
  });
  return count;
}

void ClassifierPool::wake_next() noexcept {
  if (!free_.empty() && !waiting_.empty()) waiting_.front()->changed.notify_one();
}

}  // namespace earshot
