#include "train/data/Workers.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace earshot {
namespace {

class Work {
 public:
  Work(std::size_t count, const std::function<WorkOnItem()>& new_worker)
      : count_(count), new_worker_(new_worker) {}

  bool run(unsigned threads, const std::function<bool(std::size_t done)>& progress) {
    {
      const unsigned wanted = threads ? threads : std::max(1U, std::thread::hardware_concurrency());
      std::vector<std::jthread> workers;
      for (std::size_t i = 0; i < std::min<std::size_t>(wanted, count_); ++i) {
        workers.emplace_back([this] { work(); });
      }
      watch(progress);
    }
    if (failure_) std::rethrow_exception(failure_);
    return !stop_;
  }

 private:
  void work() {
    try {
      const WorkOnItem worker = new_worker_();
      while (const auto i = take()) {
        worker(*i);
        finished_one();
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      stop_ = true;
      changed_.notify_one();
    }
  }

  std::optional<std::size_t> take() {
    const std::lock_guard lock(mutex_);
    if (stop_ || next_ == count_) return std::nullopt;
    return next_++;
  }

  void finished_one() {
    const std::lock_guard lock(mutex_);
    ++done_;
    changed_.notify_one();
  }

  /// Reports on the calling thread while others work.
  void watch(const std::function<bool(std::size_t done)>& progress) {
    std::unique_lock lock(mutex_);
    std::size_t reported = 0;
    while (!stop_ && reported < count_) {
      changed_.wait(lock, [&] { return stop_ || done_ != reported; });
      reported = done_;
      if (!progress) continue;
      lock.unlock();
      const bool go_on = progress(reported);
      lock.lock();
      // Work that is already done stays done.
      if (!go_on && done_ < count_) stop_ = true;
    }
  }

  std::size_t count_;
  const std::function<WorkOnItem()>& new_worker_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  bool stop_ = false;
  std::exception_ptr failure_;
};

}  // namespace

bool work_on_items(std::size_t count, unsigned threads, const std::function<WorkOnItem()>& new_worker,
                   const std::function<bool(std::size_t done)>& progress) {
  return Work(count, new_worker).run(threads, progress);
}

}  // namespace earshot
