#include "daemon/capture/SourceThreads.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace earshot {

SourceThreads::SourceThreads(std::vector<std::unique_ptr<SourceTask>> sources,
                             std::function<void()> all_ended)
    : sources_(std::move(sources)), all_ended_(std::move(all_ended)), ended_(sources_.size()) {}

void SourceThreads::start() {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    threads_.emplace_back([this, i](std::stop_token stop) {
      sources_[i]->run(std::move(stop));
      source_ended(i);
    });
  }
}

std::vector<std::string> SourceThreads::stop(std::chrono::milliseconds limit) {
  for (std::jthread& thread : threads_) thread.request_stop();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [this] { return std::all_of(ended_.begin(), ended_.end(), std::identity()); });
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (ended_[i]) continue;
    lines.push_back("source '" + sources_[i]->name() + "' has not ended: " + std::string(sources_[i]->holdup()));
  }
  return lines;
}

void SourceThreads::source_ended(std::size_t index) {
  {
    const std::lock_guard lock(mutex_);
    ended_[index] = true;
    if (!std::all_of(ended_.begin(), ended_.end(), std::identity())) return;
    changed_.notify_all();
  }
  all_ended_();
}

}  // namespace earshot
