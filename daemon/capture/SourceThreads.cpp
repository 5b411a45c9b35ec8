#include "daemon/capture/SourceThreads.h"

#include <utility>

namespace earshot {

SourceThreads::SourceThreads(std::vector<std::unique_ptr<Source>> sources, std::function<void()> all_ended)
    : sources_(std::move(sources)), all_ended_(std::move(all_ended)), running_(sources_.size()) {}

void SourceThreads::start() {
  for (const std::unique_ptr<Source>& source : sources_) {
    threads_.emplace_back([this, source = source.get()](std::stop_token stop) {
      source->run(std::move(stop));
      source_ended();
    });
  }
}

bool SourceThreads::stop(std::chrono::milliseconds limit) {
  for (std::jthread& thread : threads_) thread.request_stop();
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return running_ == 0; });
}

void SourceThreads::source_ended() {
  {
    const std::lock_guard lock(mutex_);
    if (--running_ > 0) return;
    changed_.notify_all();
  }
  all_ended_();
}

}  // namespace earshot
